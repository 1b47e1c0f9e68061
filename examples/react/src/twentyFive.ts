import type { ApolloClient } from '@apollo/client';
import type { Client } from 'urql';
import { itemsQuery } from './documents.ts';
import { sentenceFor } from './sentences.ts';

/** How many operations of a burst were answered, and why the first of the others was not. */
export interface Burst {
  readonly answered: number;
  readonly error?: unknown;
}

const count = 25;

/** Each asks for another item, so that no client takes two for the same. */
const variables = Array.from({ length: count }, (_, after) => ({ first: 1, after }));

export function twentyFiveByApollo(client: ApolloClient): Promise<Burst> {
  return settle(
    variables.map(each => client.query({ query: itemsQuery, variables: each, fetchPolicy: 'network-only' })),
  );
}

export function twentyFiveByUrql(client: Client): Promise<Burst> {
  return settle(variables.map(each => client.query(itemsQuery, each, { requestPolicy: 'network-only' }).toPromise()));
}

async function settle(operations: readonly Promise<{ readonly error?: unknown }>[]): Promise<Burst> {
  const results = await Promise.allSettled(operations);
  const errors = results
    .map(result => (result.status === 'rejected' ? (result.reason as unknown) : result.value.error))
    .filter(error => error !== undefined);
  return { answered: count - errors.length, ...(errors.length > 0 && { error: errors[0] }) };
}

export function sentenceForBurst({ answered, error }: Burst): string {
  const said = `${answered} of ${count} were answered.`;
  return error === undefined ? said : `${said} ${sentenceFor(error)}`;
}
