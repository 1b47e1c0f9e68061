import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, type TypedDocumentNode } from '@apollo/client';
import { ApolloProvider, useQuery, useSuspenseQuery } from '@apollo/client/react';
import { authLink } from '@latchkey/apollo';
import { createTokenManager, type TokenManager, type TokenManagerOptions } from '@latchkey/core';
import { type Oli, startOli } from '@latchkey/emulators';
import { oli } from '@latchkey/providers/oli';
import { authExchange } from '@latchkey/urql';
import { Client, cacheExchange, fetchExchange } from '@urql/core';
import type { ReactElement, ReactNode } from 'react';
import { AuthProvider, Restoring, SignedIn, SignedOut, useClientOfSession } from '../src/index.ts';

export const ME: TypedDocumentNode<{ me: { id: string; name: string } }> = gql`query Me { me { id name } }`;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A real auth server and API, a manager, and the clients that components have asked for. */
export interface Scene {
  readonly server: Oli;
  readonly auth: TokenManager<Credentials>;
  readonly apollo: () => ApolloClient;
  readonly urql: () => Client;
  /** In the order in which they were made. */
  readonly clients: (ApolloClient | Client)[];
  readonly signIn: (user: 0 | 1) => Promise<unknown>;
  /** A manager of its own on the same server. */
  readonly another: () => TokenManager<Credentials>;
  /** How often `renew` was called without a token set. */
  readonly restores: () => number;
  readonly end: () => Promise<void>;
}

/** @param remembered - the user that a restore finds; `null`: nobody */
export async function startScene(
  options: Partial<TokenManagerOptions<Credentials>> = {},
  remembered: 0 | 1 | null = 0,
): Promise<Scene> {
  const server = await startOli();
  const provider = oli({ tokenUrl: server.tokenUrl });
  const managers: TokenManager<Credentials>[] = [];
  const clients: Scene['clients'] = [];
  let restores = 0;
  const another = () => {
    const auth = createTokenManager<Credentials>({
      ...provider,
      renewTimeoutMs: 120_000,
      renew(context) {
        if (context.current) return provider.renew(context);
        restores++;
        const user = remembered === null ? null : server.users[remembered];
        return user ? provider.signIn(user, { signal: context.signal }) : null;
      },
      ...options,
    });
    managers.push(auth);
    return auth;
  };
  const auth = another();
  const keep = <Made extends ApolloClient | Client>(client: Made): Made => {
    clients.push(client);
    return client;
  };
  return {
    server,
    auth,
    clients,
    apollo: () => keep(apolloOf(auth, server.url)),
    urql: () => keep(urqlOf(auth, server.url)),
    signIn: user => auth.signIn(server.users[user] as Credentials),
    another,
    restores: () => restores,
    async end() {
      for (const each of managers) each.dispose();
      await server.close();
    },
  };
}

export const apolloOf = (auth: TokenManager, uri: string): ApolloClient =>
  new ApolloClient({ cache: new InMemoryCache(), link: ApolloLink.from([authLink(auth), new HttpLink({ uri })]) });

export const urqlOf = (auth: TokenManager, url: string): Client =>
  new Client({
    url,
    exchanges: [cacheExchange, authExchange(auth), fetchExchange],
    suspense: true,
    preferGetMethod: false,
  });

interface PageProps {
  readonly auth: TokenManager;
  readonly create: () => ApolloClient;
  readonly children?: ReactNode;
}

/** What every application has around its parts. */
export function Page({ auth, create, children }: PageProps): ReactElement {
  return (
    <AuthProvider auth={auth}>
      <ApolloProvider client={useClientOfSession(auth, create)}>{children}</ApolloProvider>
    </AuthProvider>
  );
}

/** The three states, in words. */
export const Gate = ({ children }: { readonly children: ReactNode }): ReactElement => (
  <>
    <Restoring fallback="not reachable">restoring</Restoring>
    <SignedOut>signed out</SignedOut>
    <SignedIn>{children}</SignedIn>
  </>
);

export function Name(): ReactElement {
  const { data, error } = useQuery(ME);
  return <p>{error ? `failed: ${error.message}` : (data?.me.name ?? 'loading')}</p>;
}

export const SuspendedName = (): ReactElement => <p>{useSuspenseQuery(ME).data.me.name}</p>;

/** The text of the whole page, hidden parts included. */
export const pageText = (): string => document.body.textContent ?? '';
