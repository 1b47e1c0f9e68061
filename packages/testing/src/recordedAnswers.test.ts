import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Dialect, TokenError } from '@latchkey/core';
import { mayRetry, readBody } from '@latchkey/core/adapter';
import * as dialects from '@latchkey/core/dialects';
import { describe, expect, test } from 'vitest';
import { type RecordedAnswer, recordedAnswers } from '../../core/test/recordedAnswers.ts';
import type { Adapter } from './adapter.ts';
import { adapters } from './adapters.ts';
import { startServer } from './startServer.ts';
import { urqlAdapter } from './urqlAdapter.ts';

const documents = { query: 'query { n }', mutation: 'mutation { n }' } as const;

interface Row extends RecordedAnswer {
  readonly name: string;
  readonly dialect: Dialect;
  readonly status: number;
}

/** A close code needs a socket: subscriptions.test.ts. */
const rows = Object.entries(dialects).flatMap(([name, dialect]) =>
  recordedAnswers[name as keyof typeof dialects]
    .filter(({ status }) => status !== undefined)
    .map(answer => ({ ...answer, name, dialect }) as Row),
);

/** Whether a mutation may be sent again, by what the recorded answer proves. */
function isMutationRetried({ status, body, headers }: Row, dialect: Dialect): boolean {
  const facts = {
    sent: null,
    kind: 'mutation',
    status,
    rootFields: () => ['n'],
    response: () => new Response(null, headers && { headers }),
    ...readBody(JSON.stringify(body)),
  } as const;
  return mayRetry(facts, 'safe', dialect);
}

/** A good answer; urql makes no error of any status where the body has `data`, and no errors. */
const isSilent = (adapter: Adapter, { body, status }: Row) =>
  (adapter === urqlAdapter || status < 400) &&
  Object.hasOwn(body as object, 'data') &&
  !Object.hasOwn(body as object, 'errors');

describe.for(adapters)('recorded answers through $name', adapter => {
  test.for(rows)('B117 $name: $cause is $verdict', async (row, { task }) => {
    const { name, version } = adapter;
    Object.assign(task.meta, { adapter: { name, version }, answer: String(rows.indexOf(row)) });
    const { dialect } = row;
    const isRefusal = row.verdict === 'unauthenticated';
    for (const kind of ['query', 'mutation'] as const) {
      let executed = 0;
      await using server = await startServer(({ headers }, response) => {
        const isRefused = headers.authorization === 'Bearer token-0';
        if (!isRefused) executed++;
        response.writeHead(isRefused ? row.status : 200, {
          'content-type': 'application/json',
          ...(isRefused && row.headers),
        });
        response.end(isRefused ? JSON.stringify(row.body) : '{"data":{"n":1}}');
      });
      const answer = await adapter.connect(server.auth, { url: server.url, dialect }).run(documents[kind]);
      await nextTurn(); // a renewal without a retry starts after the delivery
      const isRetried = isRefusal && (kind === 'query' || isMutationRetried(row, dialect));
      expect(server.renewals(), kind).toBe(isRefusal ? 1 : 0);
      expect(executed, kind).toBe(isRetried ? 1 : 0);
      if (isRetried) expect(answer, kind).toEqual({ data: expect.objectContaining({ n: 1 }) });
      else if (!isSilent(adapter, row)) expect(answer.error, kind).toBeDefined();
      expect(TokenError.is(adapter.tokenErrorOf(answer)), kind).toBe(false);
    }
  });
});
