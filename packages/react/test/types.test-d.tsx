import type { ApolloClient } from '@apollo/client';
import type { TokenError, TokenManager, TokenManagerState, TokenParts } from '@latchkey/core';
import type { Client } from '@urql/core';
import type { ReactElement } from 'react';
import {
  AuthProvider,
  Restoring,
  SignedIn,
  SignedOut,
  useAuth,
  useAuthState,
  useClientOfSession,
} from '../src/index.ts';

interface Credentials {
  readonly username: string;
}
interface Answer extends TokenParts {
  readonly user: { readonly name: string };
}

/** Compiled, never run: what the hooks take and return. */
export function Types(props: {
  auth: TokenManager<Credentials, Answer>;
  createApollo: () => ApolloClient;
  createBoth: () => { apollo: ApolloClient; urql: Client };
}): ReactElement {
  const { auth, createApollo, createBoth } = props;
  const apollo: ApolloClient = useClientOfSession(auth, createApollo);
  const { urql } = useClientOfSession(auth, createBoth, ({ apollo }) => apollo.stop());
  // @ts-expect-error: `leave` takes what `create` returns
  useClientOfSession(auth, createApollo, ({ urql }) => urql);
  // @ts-expect-error: a client is no function that makes one
  useClientOfSession(auth, apollo);
  // @ts-expect-error: the manager is required
  useClientOfSession(undefined, createApollo);

  const state: TokenManagerState = useAuthState();
  useAuthState(auth);
  const { signIn, signOut, restore, error, isRestoring, isSignedIn } = useAuth<Credentials, Answer>();
  const signedIn: Promise<{ user: { readonly name: string } }> = signIn({ username: 'ann' });
  // @ts-expect-error: this manager has other credentials
  void signIn({ name: 'ann' });
  const acts: Promise<void>[] = [signOut(), restore()];
  const why: TokenError | undefined = error;
  void useAuth().signIn('anything');
  // @ts-expect-error: the manager is missing
  const wrong = <AuthProvider>{why?.code}</AuthProvider>;
  void [urql, signedIn, acts, wrong];
  return (
    <AuthProvider auth={auth}>
      <Restoring fallback={why?.message}>{state.status}</Restoring>
      <SignedOut>{isRestoring}</SignedOut>
      <SignedIn fallback={null}>{isSignedIn}</SignedIn>
    </AuthProvider>
  );
}
