import { createExecutor } from './createExecutor.ts';
import type { Faults } from './createFaults.ts';
import type { Journal } from './createJournal.ts';
import type { TokenReading } from './createTokenIssuer.ts';
import { type DemoContext, demoSchema, openFields } from './demoSchema.ts';
import type { Api, CommonKnobs } from './emulator.ts';
import type { Answer } from './listen.ts';
import { type Operation, type Operations, readOperations } from './readOperations.ts';
import { type RefusalShape, refusalShapes, unauthorized } from './refusals.ts';

export interface GraphqlEndpoint {
  readonly answer: (request: Request) => Promise<Answer>;
  readonly refuseAs: (shape: RefusalShape) => void;
  readonly guard: (field: string, times?: number) => void;
}

interface EndpointState {
  readonly api: Api<CommonKnobs>;
  readonly journal: Journal;
  readonly executor: (request: Request, context: DemoContext) => Promise<Response>;
  /** How many executions of a root field its guard still refuses. */
  readonly guarded: Map<string, number>;
  shape: RefusalShape;
}

/** The GraphQL endpoint of an API: reads the token, then refuses or executes. */
export function graphqlEndpoint<Knobs extends CommonKnobs>(
  api: Api<Knobs>,
  journal: Journal,
  faults: Faults,
): GraphqlEndpoint {
  const documents = new Map<string, string>();
  const schema = demoSchema(api.schema, Object.keys(api.tokenFields ?? {}));
  const executor = createExecutor<DemoContext>(schema, api.path, documents);
  const endpoint: EndpointState = { api, journal, executor, guarded: new Map(), shape: 'native' };

  return {
    refuseAs(shape) {
      endpoint.shape = shape;
    },
    guard: (field, times = 1) => void endpoint.guarded.set(field, times),
    async answer(request) {
      const operations = await readOperations(request, documents);
      const kind = tokenRequestKind(endpoint, operations);
      await journal.record(kind ? 'token' : 'graphql', request);
      if (kind) {
        journal.emit({ name: 'tokenRequest', kind });
        return faults.answerTokenRequest(() => answerTokenFields(endpoint, request, operations));
      }
      emitEach(endpoint, 'operation', operations);
      return faults.answerOperation(() => answerOperations(endpoint, request, operations));
    },
  };
}

/** The kind of a request whose fields all belong to the auth server; otherwise `undefined`. */
function tokenRequestKind({ api: { tokenFields = {} } }: EndpointState, { list: [first, ...others] }: Operations) {
  return first && others.length === 0 && first.fields.every(({ name }) => name in tokenFields)
    ? tokenFields[first.fields[0]?.name ?? '']
    : undefined;
}

async function answerTokenFields(endpoint: EndpointState, request: Request, operations: Operations): Promise<Response> {
  const { api } = endpoint;
  const reading = await readToken(api, request);
  const isRefused = reading.state !== 'missing' && !accepts(api, reading) && api.staleTokenSpoils?.();
  return isRefused
    ? refuse(endpoint, request, reading, operations)
    : execute(endpoint, request, { state: 'missing' }, false);
}

async function answerOperations(endpoint: EndpointState, request: Request, operations: Operations): Promise<Response> {
  const { api, shape } = endpoint;
  const blocked = api.block?.(request);
  if (blocked) return blocked;
  const reading = await readToken(api, request);
  const isRefused = !accepts(api, reading) && operations.list.some(operation => needsToken(api, operation));
  if (isRefused) emitEach(endpoint, 'refused', operations);
  if (isRefused && shape !== 'resolver200') return refuse(endpoint, request, reading, operations);
  const response = await execute(endpoint, request, reading, isRefused);
  if (!isRefused) emitEach(endpoint, 'executed', operations);
  return response;
}

function refuse(
  { api, shape }: EndpointState,
  request: Request,
  reading: TokenReading,
  operations: Operations,
): Response {
  const wantsEvents = request.headers.get('accept')?.includes('text/event-stream') ?? false;
  const streams = wantsEvents && operations.list[0]?.kind === 'subscription';
  const respond = shape === 'native' || shape === 'resolver200' ? api.refuse : refusalShapes[shape];
  return respond({ reading, operations, streams });
}

/** @param isRefused - the guards refuse every root field that needs a token */
async function execute(
  endpoint: EndpointState,
  request: Request,
  reading: TokenReading,
  isRefused: boolean,
): Promise<Response> {
  const { api, journal } = endpoint;
  const headers = new Headers();
  const response = await endpoint.executor(request, {
    user: 'user' in reading && accepts(api, reading) ? reading.user : undefined,
    headers,
    countMutation: () => journal.countMutation(request),
    guard: field => checkGuard(endpoint, field, isRefused),
    onTokenInvalid: listener =>
      api.knobs.checkStreams && reading.state === 'valid' ? api.tokens.onInvalid(reading.claims, listener) : () => {},
  });
  for (const [name, value] of headers) response.headers.set(name, value);
  return api.finish && !isRefused ? api.finish(response, reading) : response;
}

/** @throws GraphQLError where the guard refuses */
function checkGuard({ guarded, journal }: EndpointState, field: string, isRefused: boolean): void {
  const remaining = guarded.get(field) ?? 0;
  if (remaining > 0) {
    guarded.set(field, remaining - 1);
    journal.emit({ name: 'refused', fields: [field] });
  }
  if (remaining > 0 || isRefused) throw unauthorized();
}

function emitEach({ journal }: EndpointState, name: 'operation' | 'refused' | 'executed', { list }: Operations): void {
  for (const { fields } of list) journal.emit({ name, fields: fields.map(field => field.name) });
}

const needsToken = ({ tokenFields = {} }: Api<CommonKnobs>, { fields }: Operation) =>
  fields.some(({ name }) => !openFields.includes(name) && !Object.hasOwn(tokenFields, name));

const readToken = ({ tokens, findToken = bearerOf }: Api<CommonKnobs>, request: Request) =>
  tokens.read(findToken(request));

const accepts = (api: Api<CommonKnobs>, reading: TokenReading) =>
  api.accepts ? api.accepts(reading) : reading.state === 'valid' && reading.kind === 'access';

const bearerOf = (request: Request) => /^Bearer\s+(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
