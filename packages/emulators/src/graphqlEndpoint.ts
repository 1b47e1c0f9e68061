import { createExecutor } from './createExecutor.ts';
import type { Journal } from './createJournal.ts';
import type { TokenReading } from './createTokenBook.ts';
import type { Trouble } from './createTrouble.ts';
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

/** The GraphQL endpoint of an API: looks at the token, refuses or executes. */
export function graphqlEndpoint<Knobs extends CommonKnobs>(
  api: Api<Knobs>,
  journal: Journal,
  trouble: Trouble,
): GraphqlEndpoint {
  const documents = new Map<string, string>();
  const guarded = new Map<string, number>();
  const tokenFields = api.tokenFields ?? {};
  const open = [...openFields, ...Object.keys(tokenFields)];
  const execute = createExecutor<DemoContext>(demoSchema(api.schema, Object.keys(tokenFields)), api.path, documents);
  let shape: RefusalShape = 'native';

  const kindOf = ({ list: [first, ...others] }: Operations) =>
    first && others.length === 0 && first.fields.every(({ name }) => name in tokenFields)
      ? tokenFields[first.fields[0]?.name ?? '']
      : undefined;

  const needsToken = ({ fields }: Operation) => fields.some(({ name }) => !open.includes(name));

  const tellEach = (name: 'operation' | 'refused' | 'executed', { list }: Operations) => {
    for (const { fields } of list) journal.tell({ name, fields: fields.map(field => field.name) });
  };

  const read = (request: Request) => api.tokens.read(api.findToken ? api.findToken(request) : bearerOf(request));
  const accepts = api.accepts ?? isValidAccessToken;

  const refuse = (request: Request, reading: TokenReading, operations: Operations) => {
    const wantsEvents = request.headers.get('accept')?.includes('text/event-stream') ?? false;
    const streams = wantsEvents && operations.list[0]?.kind === 'subscription';
    const say = shape === 'native' || shape === 'resolver200' ? api.refuse : refusalShapes[shape];
    return say({ reading, operations, streams });
  };

  const run = async (request: Request, reading: TokenReading, refused: boolean) => {
    const headers = new Headers();
    const response = await execute(request, {
      user: 'user' in reading && accepts(reading) ? reading.user : undefined,
      headers,
      countMutation: () => journal.countMutation(request),
      guard(field) {
        const left = guarded.get(field) ?? 0;
        if (left > 0) guarded.set(field, left - 1);
        if (left > 0) journal.tell({ name: 'refused', fields: [field] });
        if (left > 0 || refused) throw unauthorized();
      },
      onTokenDeath: died =>
        api.knobs.checkStreams && reading.state === 'valid' ? api.tokens.onDeath(reading.claims, died) : () => {},
    });
    for (const [name, value] of headers) response.headers.set(name, value);
    return api.finish && !refused ? api.finish(response, reading) : response;
  };

  const operate = async (request: Request, operations: Operations): Promise<Response> => {
    const turnedAway = api.turnAway?.(request);
    if (turnedAway) return turnedAway;
    const reading = await read(request);
    const refused = !accepts(reading) && operations.list.some(needsToken);
    if (refused) tellEach('refused', operations);
    if (refused && shape !== 'resolver200') return refuse(request, reading, operations);
    const response = await run(request, reading, refused);
    if (!refused) tellEach('executed', operations);
    return response;
  };

  const authenticate = async (request: Request, operations: Operations): Promise<Response> => {
    const reading = await read(request);
    const spoilt = reading.state !== 'missing' && !accepts(reading) && api.staleTokenSpoils?.();
    return spoilt ? refuse(request, reading, operations) : run(request, { state: 'missing' }, false);
  };

  return {
    refuseAs(next) {
      shape = next;
    },
    guard: (field, times = 1) => void guarded.set(field, times),
    async answer(request) {
      const operations = await readOperations(request, documents);
      const kind = kindOf(operations);
      await journal.record(kind ? 'token' : 'graphql', request);
      if (kind) {
        journal.tell({ name: 'tokenRequest', kind });
        return trouble.answerTokenRequest(() => authenticate(request, operations));
      }
      tellEach('operation', operations);
      return trouble.answerOperation(() => operate(request, operations));
    },
  };
}

const isValidAccessToken = (reading: TokenReading) => reading.state === 'valid' && reading.kind === 'access';

const bearerOf = (request: Request) => /^Bearer\s+(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
