import { type ApolloClient, gql } from '@apollo/client';
import type { AuthFetch } from '@latchkey/fetch';
import type { Client } from '@urql/core';
import '@latchkey/apollo';
import '@latchkey/urql';

/** Compiled, never run: the values that the choice of one operation may have in every client. */
export async function choices(apollo: ApolloClient, urql: Client, send: AuthFetch): Promise<void> {
  const query = gql`{ n }`;
  await apollo.query({ query, context: { auth: 'omit' } });
  await apollo.mutate({ mutation: query, context: { auth: 'required' } });
  // @ts-expect-error: not a choice
  await apollo.query({ query, context: { auth: 'none' } });
  await urql.query('{ n }', {}, { auth: 'optional' }).toPromise();
  // @ts-expect-error: not a choice
  await urql.query('{ n }', {}, { auth: true }).toPromise();
  await send('https://api.example/graphql', { method: 'POST', auth: 'omit' });
  // @ts-expect-error: not a choice
  await send('https://api.example/graphql', { auth: 'none' });
  // @ts-expect-error: not an option of the global fetch
  await fetch('https://api.example/graphql', { auth: 'omit' });
}
