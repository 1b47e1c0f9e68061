import { ApolloProvider } from '@apollo/client/react';
import { Provider as UrqlProvider } from 'urql';
import { ApolloPanel } from './ApolloPanel.tsx';
import type { Api } from './apis.ts';
import { BadDay } from './BadDay.tsx';
import type { Clients } from './clients.ts';
import type { DemoServer } from './demoServer.ts';
import { UrqlPanel } from './UrqlPanel.tsx';
import { WhoAmI } from './WhoAmI.tsx';

interface WorkbenchProps {
  readonly api: Api;
  readonly server: DemoServer;
  readonly clients: Clients;
}

/** What one signed-in user sees. */
export function Workbench({ api, server, clients }: WorkbenchProps) {
  return (
    <ApolloProvider client={clients.apollo}>
      <UrqlProvider value={clients.urql}>
        <WhoAmI api={api} />
        <BadDay server={server} clients={clients} />
        <ApolloPanel />
        <UrqlPanel />
      </UrqlProvider>
    </ApolloProvider>
  );
}
