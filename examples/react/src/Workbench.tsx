import { ApolloProvider } from '@apollo/client/react';
import { Provider as UrqlProvider } from 'urql';
import { ApolloPanel } from './ApolloPanel.tsx';
import type { Api } from './apis.ts';
import type { Clients } from './clients.ts';
import type { DemoServer } from './demoServer.ts';
import { FaultControls } from './FaultControls.tsx';
import { UrqlPanel } from './UrqlPanel.tsx';
import { WhoAmI } from './WhoAmI.tsx';

interface WorkbenchProps {
  readonly api: Api;
  readonly server: DemoServer;
  readonly clients: Clients;
}

/** The page of a signed-in user. */
export function Workbench({ api, server, clients }: WorkbenchProps) {
  return (
    <ApolloProvider client={clients.apollo}>
      <UrqlProvider value={clients.urql}>
        <WhoAmI api={api} />
        <FaultControls server={server} clients={clients} />
        <ApolloPanel />
        <UrqlPanel />
      </UrqlProvider>
    </ApolloProvider>
  );
}
