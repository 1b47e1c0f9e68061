import { type ApolloClient, gql } from '@apollo/client/core/index.js';
import '@latchkey/apollo/v3';

/** Compiled, never run: the values that the choice of one operation may have in Apollo Client 3. */
export async function choices(apollo: ApolloClient<object>): Promise<void> {
  const query = gql`{ n }`;
  await apollo.query({ query, context: { auth: 'omit' } });
  await apollo.mutate({ mutation: query, context: { auth: 'required' } });
  // @ts-expect-error: not a choice
  await apollo.query({ query, context: { auth: 'none' } });
}
