import { type ApolloClient, gql } from '@apollo/client';
import type { Client } from '@urql/core';
import '@latchkey/apollo';
import '@latchkey/urql';

// Compiled, never run: what a per-operation choice may be, in both clients.
export async function choices(apollo: ApolloClient, urql: Client): Promise<void> {
  const query = gql`{ n }`;
  await apollo.query({ query, context: { auth: 'omit' } });
  await apollo.mutate({ mutation: query, context: { auth: 'required' } });
  // @ts-expect-error: there is no such choice
  await apollo.query({ query, context: { auth: 'none' } });
  await urql.query('{ n }', {}, { auth: 'optional' }).toPromise();
  // @ts-expect-error: there is no such choice
  await urql.query('{ n }', {}, { auth: true }).toPromise();
}
