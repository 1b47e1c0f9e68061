import type { GraphQLSchema } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { persistedQueries } from './persistedQueries.ts';

/**
 * A GraphQL server for one path: GET, JSON, batches, uploads, persisted queries, subscriptions over SSE.
 *
 * @param documents - persisted queries by their SHA-256; documents that arrive are added
 */
export function createExecutor<Context extends object>(
  schema: GraphQLSchema,
  path: string,
  documents: Map<string, string> = new Map(),
): (request: Request, context: Context) => Promise<Response> {
  const yoga = createYoga<Context>({
    schema,
    graphqlEndpoint: path,
    fetchAPI: {
      Request,
      Response,
      Headers,
      ReadableStream,
      TextEncoder,
      TextDecoder,
      FormData,
      URL,
      URLSearchParams,
    },
    plugins: [persistedQueries(documents)],
    batching: { limit: 100 },
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
    maskedErrors: false,
  });
  return async (request, context) => yoga.fetch(request, context);
}
