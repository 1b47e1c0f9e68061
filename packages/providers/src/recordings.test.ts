import {
  createTokenManager,
  type Dialect,
  defaultDialect,
  type TokenManager,
  type TokenManagerOptions,
} from '@latchkey/core';
import { judge } from '@latchkey/core/adapter';
import { type DocumentNode, parse, print, visit } from 'graphql';
import { describe, expect, test } from 'vitest';
import recordings from '../fixtures/recordings.json' with { type: 'json' };
import { altrata } from './altrata.ts';
import { collectiveAccess } from './collectiveAccess.ts';
import { directus } from './directus.ts';
import { oli } from './oli.ts';
import { settle } from './operate.ts';
import { realItems } from './realItems.ts';
import { type ScriptedRequest, startScript } from './startScript.ts';
import { toggle } from './toggle.ts';

/** A request and its answer as they were recorded, and what the answer means to the program. */
interface Recording {
  readonly name: string;
  readonly kind: string;
  readonly outcome: string;
  /** The token in the headers of the answer to an operation. */
  readonly newToken?: string;
  readonly request?: {
    readonly method?: string;
    readonly url?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly json?: GraphQLBody;
  };
  readonly response: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly json?: unknown;
  };
}

interface GraphQLBody {
  readonly query: string;
  readonly variables: object;
}

const user = { username: 'mara.quill', password: 'tide/9^moss:' };
const customer = { username: 'sena@harbour.example', password: '7q/k^58WLMn:' };
const client = { clientId: 'harbourclientid', clientSecret: '.Qk7mTz3(pX' };
const service = { username: 'harbour_service', password: '9r/Tide^x:(p' };
const tokens = { accessToken: 'A0', refreshToken: 'R0' };

/** A manager of each provider at a server of the test, and how it signs in. */
const providers = {
  oli: origin => manager(oli({ tokenUrl: `${origin}/auth/realms/api/protocol/openid-connect/token` }), user),
  collectiveAccess: origin => manager(collectiveAccess({ baseUrl: origin }), user),
  realItems: origin => manager(realItems({ tokenUrl: `${origin}/oauth/token`, ...client }), customer),
  altrata: origin => manager(altrata({ tokenUrl: `${origin}/oauth2/token`, apiKey: 'k3y-Harbour' }), service),
  toggle: origin => manager(toggle({ url: `${origin}/graphql` }), user),
  directus: origin => manager(directus({ baseUrl: origin }), { email: user.username, password: user.password }),
} satisfies Readonly<Record<keyof typeof recordings, (origin: string) => Managed>>;

interface Managed {
  readonly auth: Pick<TokenManager, 'adopt' | 'renew' | 'fresh' | 'headers' | 'decide'>;
  readonly dialect: Dialect;
  readonly signIn: () => Promise<unknown>;
}

function manager<Credentials>(options: TokenManagerOptions<Credentials>, credentials: Credentials): Managed {
  const auth = createTokenManager(options);
  return { auth, dialect: options.dialect ?? defaultDialect, signIn: () => auth.signIn(credentials) };
}

/** Without names of operations and white space, which do not matter. */
const normalized = (document: string) =>
  print(visit(parse(document), { OperationDefinition: ({ name: _, ...operation }) => operation }) as DocumentNode);

const read = ({ query, variables }: GraphQLBody) => ({ document: normalized(query), variables });

function compare(
  sent: ScriptedRequest | undefined,
  { method, url, headers = {}, body, json }: NonNullable<Recording['request']>,
) {
  expect(sent).toMatchObject({ ...(method && { method }), ...(url && { url }), headers });
  if (body !== undefined) expect(sent?.body).toBe(body);
  if (json) expect(read(JSON.parse(sent?.body ?? '') as GraphQLBody)).toEqual(read(json));
}

describe.each(Object.keys(providers) as (keyof typeof providers)[])('%s', provider => {
  const recorded = recordings[provider] as readonly Recording[];
  const tokenRequests = recorded.filter(({ kind }) => kind !== 'operation');
  const operations = recorded.filter(({ kind }) => kind === 'operation');

  test.each(tokenRequests)('$kind, $name: $outcome', async ({ kind, request, response, outcome }) => {
    await using server = await startScript(() => response);
    const { auth, signIn } = providers[provider](server.origin);
    if (kind === 'renew') await auth.adopt(tokens);
    const seen = await (kind === 'renew' ? auth.renew() : signIn()).then(
      () => 'tokens',
      (error: { readonly code: string }) => error.code,
    );
    expect(seen).toBe(outcome);
    expect(server.requests).toHaveLength(1);
    if (request) compare(server.requests[0], request);
  });

  test.each(operations)(
    '$kind, $name: $outcome',
    async ({ request, response: { status, headers, json = {} }, outcome, newToken }) => {
      const origin = 'http://localhost';
      const { auth, dialect } = providers[provider](origin);
      await auth.adopt(tokens);
      const { errors, data, ...body } = json as { errors?: object[]; data?: unknown };
      const challenge = headers?.['www-authenticate'];
      const sent = auth.fresh();
      if (request && sent) expect(auth.headers(sent)).toEqual(request.headers);
      const facts = { sent: sent ?? null, kind: 'query', status, challenge, errors, data } as const;
      expect(judge({ ...facts, ...(!errors && status >= 400 && { body }) }, dialect)).toBe(outcome);
      if (newToken === undefined) return;
      const response = { headers: new Headers(headers), url: `${origin}/graphql`, redirected: false };
      await settle(auth, { ...facts, response: () => response });
      expect(auth.fresh()?.accessToken).toBe(newToken);
    },
  );
});
