import { type DocumentNode, print } from 'graphql';
import { createClient } from 'graphql-sse';
import type { Adapter, Answer, ClientOptions, ContractClient, RunOptions, Stage } from './adapter.ts';
import { withKey } from './withKey.ts';

interface Request {
  readonly query: DocumentNode;
  readonly context: object;
}

interface ResultObserver {
  next(result: { readonly data?: unknown; readonly errors?: unknown }): void;
  error(error: unknown): void;
  complete(): void;
}

/** What differs between the versions of Apollo Client. */
export interface ApolloVersion extends Pick<Adapter, 'name' | 'version' | 'tokenErrorOf'> {
  connect(stages: readonly Stage[], options: ClientOptions): ConnectedApollo;
}

interface ConnectedApollo {
  parse(document: string): DocumentNode;
  query(request: Request): Promise<Answer>;
  mutate(request: Request): Promise<Answer>;
  /** Executes the operation by the client's link alone. */
  execute(request: Request): { subscribe(observer: ResultObserver): { unsubscribe(): void } };
}

interface SentOperation {
  readonly query: DocumentNode;
  readonly variables?: Record<string, unknown>;
  getContext(): object;
}

/** A subscription over SSE, for which Apollo Client has no link. Returns its end. */
export function subscribeSse(url: string, operation: SentOperation, observer: ResultObserver): () => void {
  const { query, variables = {} } = operation;
  const { headers = {} } = operation.getContext() as { readonly headers?: Record<string, string> };
  return createClient({ url, headers, retryAttempts: 0 }).subscribe({ query: print(query), variables }, observer);
}

/** The adapter of one version of Apollo Client. */
export function makeApolloAdapter({ connect, ...version }: ApolloVersion): Adapter {
  const connectChain: Adapter['connectChain'] = (stages, options) => {
    const hasOrigins = stages.some(({ origins }) => origins);
    return contractClient(connect(stages, options), hasOrigins ? options.url : undefined);
  };
  return {
    ...version,
    hasSubscriptions: true,
    headerFormats: ['object'],
    connect: (auth, { url, fetch, ...options }) =>
      connectChain([{ auth, ...options }], { url, ...(fetch && { fetch }) }),
    connectChain,
  };
}

/** `clientUri`: for the context, where a link has to see it; it does not see that of HttpLink. */
function contractClient(client: ConnectedApollo, clientUri: string | undefined): ContractClient {
  const requestOf = (document: string, { auth, headers, url: uri = clientUri }: RunOptions = {}): Request => ({
    query: client.parse(document),
    context: { queryDeduplication: false, ...(auth && { auth }), ...(headers && { headers }), ...(uri && { uri }) },
  });
  return {
    run(document, options) {
      const request = requestOf(document, withKey(document, options));
      const run = document.startsWith('mutation') ? client.mutate(request) : client.query(request);
      return run.catch((error: unknown) => ({ error }));
    },
    watch(document, { next, complete }, options) {
      const subscription = client.execute(requestOf(document, options)).subscribe({
        next: ({ data, errors }) => next({ data, ...(errors !== undefined && { error: errors }) }),
        error(error) {
          next({ error });
          complete();
        },
        complete,
      });
      return () => subscription.unsubscribe();
    },
  };
}
