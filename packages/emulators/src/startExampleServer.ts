import { buildSchema, type GraphQLError, graphql } from 'graphql';
import { listen } from './listen.ts';

/** A request, as far as an example reads it; header names are in lower case. */
export interface ExampleRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
  /** The JSON body, or the document and the variables of a GET; `{}` where there is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

export type ExampleRoute = (request: ExampleRequest) => Response | Promise<Response>;

/** A small server that answers as one product does, for the programs of CONNECTING.md. */
export interface ExampleServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** In the order of arrival. */
  readonly requests: readonly ExampleRequest[];
  /** Makes every access token issued so far expire. */
  readonly expireTokens: () => void;
  /** Ends every session: nothing issued so far is accepted. */
  readonly endSessions: () => void;
}

/** Who may sign in at every example. */
export const exampleUser = {
  id: '7',
  name: 'Ada',
  username: 'ada',
  email: 'ada@example.test',
  password: 'pearl/4^Dune',
} as const;

/** A JWT whose signature is none: the examples remember what they issue. */
export function exampleJwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'none' }), part(claims), 'c2ln'].join('.');
}

export const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  Response.json(body, { status, headers });

/** What was issued, by kind: an access token is refused once it has expired, everything once its session is over. */
export class Issued {
  #last = 0;
  readonly #access = new Set<string>();
  readonly #renewal = new Set<string>();

  /** @param make - a token with a number of its own */
  access(make: (n: number) => string): string {
    const token = make(++this.#last);
    this.#access.add(token);
    return token;
  }

  renewal(make: (n: number) => string): string {
    const token = make(++this.#last);
    this.#renewal.add(token);
    return token;
  }

  readonly isAccess = (token: string | undefined): boolean => token !== undefined && this.#access.has(token);
  readonly isRenewal = (token: string | undefined): boolean => token !== undefined && this.#renewal.has(token);
  /** Whether it was valid; it is so no longer. */
  readonly useUp = (token: string | undefined): boolean =>
    token !== undefined && (this.#renewal.delete(token) || this.#access.delete(token));
  readonly expireTokens = (): void => this.#access.clear();
  readonly endSessions = (): void => {
    this.#access.clear();
    this.#renewal.clear();
  };
}

/** How a GraphQL route answers. */
export interface GraphQLExample {
  readonly schema: string;
  /** The root fields of a request; `headers` are those of the response. */
  readonly root: (request: ExampleRequest, headers: Headers) => object;
  /** @defaultValue message, path and extensions */
  readonly formatError?: (error: GraphQLError) => object;
}

/** A GraphQL endpoint. */
export function graphqlRoute({
  schema: source,
  root,
  formatError = error => error.toJSON(),
}: GraphQLExample): ExampleRoute {
  const schema = buildSchema(source);
  return async request => {
    const headers = new Headers();
    const { query, variables } = request.json as { query: string; variables?: Record<string, unknown> };
    const rootValue = root(request, headers);
    const { data, errors } = await graphql({
      schema,
      source: query,
      rootValue,
      ...(variables && { variableValues: variables }),
    });
    const result = { ...(errors && { errors: errors.map(formatError) }), ...(data !== undefined && { data }) };
    return json(result, 200, Object.fromEntries(headers));
  };
}

const cookiesIn = (header = ''): Record<string, string> =>
  Object.fromEntries(header.split(/; */).map(pair => pair.split('=', 2) as [string, string]));

/** A query that a client sends by GET, as urql does. */
function operationIn(parameters: URLSearchParams): Record<string, unknown> {
  const query = parameters.get('query');
  return query ? { query, variables: JSON.parse(parameters.get('variables') ?? '{}') as unknown } : {};
}

async function read(request: Request): Promise<ExampleRequest> {
  const headers = Object.fromEntries(request.headers);
  const text = await request.text();
  const isJson = headers['content-type']?.includes('json') && text !== '';
  const { pathname, searchParams } = new URL(request.url);
  return {
    method: request.method,
    path: pathname,
    headers,
    cookies: cookiesIn(headers.cookie),
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : operationIn(searchParams),
  };
}

/** @param routes - by method and path, e.g. `POST /login` */
export async function startExampleServer(
  issued: Pick<Issued, 'expireTokens' | 'endSessions'>,
  routes: Readonly<Record<string, ExampleRoute>>,
): Promise<ExampleServer> {
  const requests: ExampleRequest[] = [];
  const { origin, close } = await listen(async incoming => {
    const request = await read(incoming);
    requests.push(request);
    const isOperation = request.method === 'GET' && 'query' in request.json;
    const route = routes[`${isOperation ? 'POST' : request.method} ${request.path}`];
    return route ? route(request) : json({ message: 'Not found' }, 404);
  });
  const { expireTokens, endSessions } = issued;
  return { origin, requests, expireTokens, endSessions, [Symbol.asyncDispose]: close };
}
