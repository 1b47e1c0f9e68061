import type { ApolloClient } from '@apollo/client';
import type { Client } from 'urql';
import { itemsQuery } from './documents.ts';
import { sentenceFor } from './sentences.ts';

/** The number of answered operations, and the first error of the others. */
export interface Burst {
  readonly answered: number;
  readonly error?: unknown;
}

const count = 25;

/** Each operation queries another item, so that clients do not deduplicate them. */
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
  const sentence = `${answered} of ${count} were answered.`;
  return error === undefined ? sentence : `${sentence} ${sentenceFor(error)}`;
}
