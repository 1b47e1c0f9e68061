import { ApolloProvider } from '@apollo/client/react';
import type { TokenManager } from '@latchkey/core';
import { Provider as UrqlProvider } from 'urql';
import { ApolloPanel } from './ApolloPanel.tsx';
import { BadDay } from './BadDay.tsx';
import type { Clients } from './clients.ts';
import type { DemoServer } from './demoServer.ts';
import { UrqlPanel } from './UrqlPanel.tsx';
import { WhoAmI } from './WhoAmI.tsx';

interface WorkbenchProps {
  readonly auth: TokenManager;
  readonly server: DemoServer;
  readonly clients: Clients;
}

/** What one signed-in user sees. */
export function Workbench({ auth, server, clients }: WorkbenchProps) {
  return (
    <ApolloProvider client={clients.apollo}>
      <UrqlProvider value={clients.urql}>
        <WhoAmI auth={auth} />
        <BadDay server={server} clients={clients} />
        <ApolloPanel />
        <UrqlPanel />
      </UrqlProvider>
    </ApolloProvider>
  );
}
