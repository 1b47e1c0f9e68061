import { type ApolloClient, gql } from '@apollo/client';
import type { AuthFetch } from '@latchkey/fetch';
import type { Client } from '@urql/core';
import '@latchkey/apollo';
import '@latchkey/urql';

// Compiled, never run: what a per-operation choice may be, in every client.
export async function choices(apollo: ApolloClient, urql: Client, send: AuthFetch): Promise<void> {
  const query = gql`{ n }`;
  await apollo.query({ query, context: { auth: 'omit' } });
  await apollo.mutate({ mutation: query, context: { auth: 'required' } });
  // @ts-expect-error: there is no such choice
  await apollo.query({ query, context: { auth: 'none' } });
  await urql.query('{ n }', {}, { auth: 'optional' }).toPromise();
  // @ts-expect-error: there is no such choice
  await urql.query('{ n }', {}, { auth: true }).toPromise();
  await send('https://api.example/graphql', { method: 'POST', auth: 'omit' });
  // @ts-expect-error: there is no such choice
  await send('https://api.example/graphql', { auth: 'none' });
  // @ts-expect-error: it is no option of the request itself
  await fetch('https://api.example/graphql', { auth: 'omit' });
}
