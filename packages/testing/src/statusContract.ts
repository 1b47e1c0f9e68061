import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { type Dialect, defaultDialect, TokenError } from '@latchkey/core';
import { describe, expect, test } from 'vitest';
import type { Adapter } from './adapter.ts';
import { startServer } from './startServer.ts';

type Outcome = 'renewed' | 'delivered';

const errorWith = (code: string) => ({ errors: [{ message: `It said ${code}.`, extensions: { code } }] });
const dead = 'UNAUTHENTICATED';
const other = 'BAD_USER_INPUT';

/** By the default dialect. "You may not" beats "your token is dead". */
const outcomes: readonly (readonly [status: number, code: string, outcome: Outcome])[] = [
  [200, dead, 'renewed'],
  [200, other, 'delivered'],
  [400, dead, 'renewed'],
  [400, other, 'delivered'],
  [401, dead, 'renewed'],
  [401, other, 'renewed'],
  [403, dead, 'delivered'],
  [403, other, 'delivered'],
  [500, dead, 'renewed'],
  [500, other, 'delivered'],
];

/** For servers that answer 403 to a dead token. */
const whereForbiddenIsDead: Dialect = {
  ...defaultDialect,
  statuses: { ...defaultDialect.statuses, 403: 'unauthenticated' },
};

const json = (code: string) => JSON.stringify(errorWith(code));

/** What an error is worth must not depend on the status and the content type that a server wraps it in: rows B82 and B83. */
export function statusContract(adapter: Adapter): void {
  /** Refuses the first token with this answer, and executes what comes with any other. */
  async function run(document: string, status: number, type: string, body: string, dialect: Dialect) {
    let executed = 0;
    await using server = await startServer(({ headers }, response) => {
      const isDead = headers.authorization === 'Bearer token-0';
      if (!isDead) executed++;
      response.writeHead(isDead ? status : 200, {
        'content-type': isDead || type.endsWith('json') ? type : 'application/json',
      });
      response.end(isDead ? body : '{"data":{"n":1}}');
    });
    const answer = await adapter.connect(server.auth, { url: server.url, dialect }).run(document);
    await nextTurn(); // in which a renewal for those that follow has begun
    return { answer, executed, sent: server.sent, renewals: server.renewals() };
  }
  const renewed = { executed: 1, sent: ['token-0', 'token-1'], renewals: 1 };
  const delivered = { executed: 0, sent: ['token-0'], renewals: 0 };

  describe.for(['application/json', 'application/graphql-response+json'])(`${adapter.name}: an answer of %s`, type => {
    async function expectOutcome(outcome: Outcome, status: number, code: string, dialect: Dialect): Promise<void> {
      for (const document of ['query { n }', 'mutation { n }']) {
        const { answer, ...seen } = await run(document, status, type, json(code), dialect);
        expect(seen).toEqual(outcome === 'renewed' ? renewed : delivered);
        if (outcome === 'renewed') expect(answer).toEqual({ data: expect.objectContaining({ n: 1 }) });
        else expect(inspect(answer.error, { depth: 5 })).toContain(`It said ${code}.`);
        expect(TokenError.is(adapter.tokenErrorOf(answer))).toBe(false);
      }
    }

    test.for(outcomes)('with status %i and the code %s is %s', ([status, code, outcome]) =>
      expectOutcome(outcome, status, code, defaultDialect),
    );

    test.for([dead, other])('with status 403 and the code %s is renewed where a dialect says so', code =>
      expectOutcome('renewed', 403, code, whereForbiddenIsDead),
    );
  });

  describe(`${adapter.name}: an answer that is no GraphQL`, () => {
    const text = ['text/html', '<h1>Unauthorized</h1>'] as const;

    test.for([200, 400, 403, 404, 500, 502])('with status %i is delivered', async status => {
      const { answer, ...seen } = await run('query { n }', status, ...text, defaultDialect);
      expect(answer.error).toBeDefined();
      expect(seen).toEqual(delivered);
    });

    test('with status 403 is renewed where a dialect says so, and only a query is repeated', async () => {
      const { answer, ...seen } = await run('query { n }', 403, ...text, whereForbiddenIsDead);
      expect(answer.error).toBeUndefined();
      expect(seen).toEqual(renewed);
      const ofMutation = await run('mutation { n }', 403, ...text, whereForbiddenIsDead); // proves nothing
      expect(ofMutation.answer.error).toBeDefined();
      expect(ofMutation).toMatchObject({ ...delivered, renewals: 1 });
    });
  });
}
