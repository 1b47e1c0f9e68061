import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { type Dialect, defaultDialect, TokenError } from '@latchkey/core';
import { describe, expect, test } from 'vitest';
import type { Adapter } from './adapter.ts';
import { startServer } from './startServer.ts';

type Outcome = 'renewed' | 'delivered';

const messageOf = (code: string) => `The code is ${code}.`;
const bodyWith = (code: string) => JSON.stringify({ errors: [{ message: messageOf(code), extensions: { code } }] });
const unauthenticated = 'UNAUTHENTICATED';
const badInput = 'BAD_USER_INPUT';

/** By the default dialect. A 403 outweighs the code `UNAUTHENTICATED`. */
const outcomes: readonly (readonly [status: number, code: string, outcome: Outcome])[] = [
  [200, unauthenticated, 'renewed'],
  [200, badInput, 'delivered'],
  [400, unauthenticated, 'renewed'],
  [400, badInput, 'delivered'],
  [401, unauthenticated, 'renewed'],
  [401, badInput, 'renewed'],
  [403, unauthenticated, 'delivered'],
  [403, badInput, 'delivered'],
  [500, unauthenticated, 'renewed'],
  [500, badInput, 'delivered'],
];

/** For servers that refuse an invalid token with a 403. */
const dialectWith403: Dialect = {
  ...defaultDialect,
  statuses: { ...defaultDialect.statuses, 403: 'unauthenticated' },
};

/** Rows B82 and B83: which statuses and codes mean that the token is invalid, whatever the content type. */
export function statusContract(adapter: Adapter): void {
  /** Runs against a server that refuses the first token with this response, and executes operations with any other token. */
  async function run(document: string, status: number, type: string, body: string, dialect: Dialect) {
    let executed = 0;
    await using server = await startServer(({ headers }, response) => {
      const isRefused = headers.authorization === 'Bearer token-0';
      if (!isRefused) executed++;
      response.writeHead(isRefused ? status : 200, {
        'content-type': isRefused || type.endsWith('json') ? type : 'application/json',
      });
      response.end(isRefused ? body : '{"data":{"n":1}}');
    });
    const answer = await adapter.connect(server.auth, { url: server.url, dialect }).run(document);
    await nextTurn(); // a renewal without a retry starts after the delivery
    return { answer, executed, sent: server.sent, renewals: server.renewals() };
  }
  const renewed = { executed: 1, sent: ['token-0', 'token-1'], renewals: 1 };
  const delivered = { executed: 0, sent: ['token-0'], renewals: 0 };

  describe.for(['application/json', 'application/graphql-response+json'])(`${adapter.name}: a response of %s`, type => {
    async function expectOutcome(outcome: Outcome, status: number, code: string, dialect: Dialect): Promise<void> {
      for (const document of ['query { n }', 'mutation { n }']) {
        const { answer, ...rest } = await run(document, status, type, bodyWith(code), dialect);
        expect(rest).toEqual(outcome === 'renewed' ? renewed : delivered);
        if (outcome === 'renewed') expect(answer).toEqual({ data: expect.objectContaining({ n: 1 }) });
        else expect(inspect(answer.error, { depth: 5 })).toContain(messageOf(code));
        expect(TokenError.is(adapter.tokenErrorOf(answer))).toBe(false);
      }
    }

    test.for(outcomes)('with status %i and the code %s is %s', ([status, code, outcome]) =>
      expectOutcome(outcome, status, code, defaultDialect),
    );

    test.for([unauthenticated, badInput])(
      'with status 403 and the code %s is renewed when the dialect lists 403 as unauthenticated',
      code => expectOutcome('renewed', 403, code, dialectWith403),
    );
  });

  describe(`${adapter.name}: a response that is not GraphQL`, () => {
    const html = ['text/html', '<h1>Unauthorized</h1>'] as const;

    test.for([200, 400, 403, 404, 500, 502])('with status %i is delivered', async status => {
      const { answer, ...rest } = await run('query { n }', status, ...html, defaultDialect);
      expect(answer.error).toBeDefined();
      expect(rest).toEqual(delivered);
    });

    test('with status 403 is renewed when the dialect lists it, and only a query is retried', async () => {
      const { answer, ...rest } = await run('query { n }', 403, ...html, dialectWith403);
      expect(answer.error).toBeUndefined();
      expect(rest).toEqual(renewed);
      const ofMutation = await run('mutation { n }', 403, ...html, dialectWith403); // HTML does not prove that nothing ran
      expect(ofMutation.answer.error).toBeDefined();
      expect(ofMutation).toMatchObject({ ...delivered, renewals: 1 });
    });
  });
}
