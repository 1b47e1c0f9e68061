import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import { readTokens } from '../src/tokens/readTokens.ts';
import type { TokenParts } from '../src/tokens/tokenSet.ts';
import {
  current,
  outcome,
  recordA,
  refusal,
  scriptedProvider,
  scriptedStore,
  settled,
  signedIn,
  successorOf,
} from './scriptedProvider.ts';

/** As `fetch` throws when the connection was dropped. */
const dropped = () => new TypeError('fetch failed');

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** An auth server that rotates, accepts the last refresh token once more, revokes the grant at any other reuse, and drops answers. */
async function startAuthServer(drops: number) {
  let issued = 1;
  let accepted = ['r1'];
  let requests = 0;
  const server = createServer((request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let token = '';
    for await (const part of request) token += part;
    requests++;
    const isAccepted = accepted.includes(token);
    accepted = isAccepted ? [token, `r${++issued}`] : [];
    if (requests <= drops) {
      request.socket.destroy();
      return;
    }
    const body = isAccepted ? { accessToken: `A${issued}`, refreshToken: `r${issued}` } : { error: 'invalid_grant' };
    response.writeHead(isAccepted ? 200 : 400, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, requests: () => requests };
}

const managerOf = (url: string) =>
  createTokenManager({
    renew: ({ current: tokens, signal }) =>
      fetch(url, { method: 'POST', body: tokens?.refreshToken ?? '', signal }).then(readTokens),
  });

test('B35 a session survives that the answer to a renewal with rotation is lost', async () => {
  const server = await startAuthServer(1);
  const auth = managerOf(server.url);
  await auth.adopt({ accessToken: 'A', refreshToken: 'r1' });
  const events: string[] = [];
  auth.on('renewalFailed', () => void events.push('renewalFailed'));
  expect((await auth.renew()).accessToken).toBe('A3');
  expect(server.requests()).toBe(2);
  expect((await auth.renew()).accessToken).toBe('A4');
  expect(events).toEqual([]);
});

test('B35 there is never a third try', async () => {
  const server = await startAuthServer(9);
  const auth = managerOf(server.url);
  await auth.adopt({ accessToken: 'A', refreshToken: 'r1' });
  expect(await outcome(auth.renew())).toBe('unavailable');
  expect(server.requests()).toBe(2);
  expect(await outcome(auth.renew())).toBe('unavailable'); // the cool-down
  expect(server.requests()).toBe(2);
});

test('B35 those who wait do not notice the second try, which has the same refresh token', async () => {
  const { auth, A, renewals, events } = signedIn();
  const waiting = [auth.settle(refusal(A)), auth.get(), auth.renew()].map(wait => outcome(wait as Promise<unknown>));
  await settled();
  await renewals.last.fail(dropped());
  expect(renewals.calls.map(({ argument }) => argument.current?.refreshToken)).toEqual(['rA', 'rA']);
  expect(renewals.last.signal?.aborted).toBe(false);
  await renewals.last.answer({ accessToken: 'B', refreshToken: 'rB' });
  expect(await Promise.all(waiting)).toEqual(['B', 'B', 'B']);
  expect(events).toEqual(['refused', 'renewed', 'retried']);
});

test('B35 a restore whose connection was dropped is tried once more', async () => {
  const { auth, renewals } = scriptedProvider({ restore: true });
  const get = auth.get();
  await settled();
  await renewals.last.fail(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
  await renewals.last.answer('A');
  expect((await get)?.accessToken).toBe('A');
});

test('B35 the second try comes after a look at the store, and not when others have renewed', async () => {
  const store = scriptedStore(recordA());
  const { auth, renewals } = scriptedProvider({ store });
  await auth.get();
  const renewal = outcome(auth.renew());
  await settled();
  store.record = successorOf(store.record);
  await renewals.last.fail(dropped());
  expect(await renewal).toBe('B');
  expect(renewals.calls).toHaveLength(1);
});

test.each([
  ['a sign-out', 'signOut'],
  ['dispose', 'dispose'],
] as const)('B35 there is no second try after %s', async (_, act) => {
  const { auth, renewals } = signedIn();
  const renewal = outcome(auth.renew());
  await settled();
  void auth[act]();
  await renewals.last.fail(dropped());
  expect(await renewal).toBe(act === 'dispose' ? 'disposed' : 'signedOut');
  expect(renewals.calls).toHaveLength(1);
});

test.each([
  ['an answer that could not be read', new SyntaxError('Unexpected token'), 'unavailable'],
  ['an answer with a status', new TokenError('unavailable', 'Busy.', { status: 503, cause: dropped() }), 'unavailable'],
  ['a rejection', new TokenError('sessionExpired'), 'sessionExpired'],
  ['a wrong configuration', new TokenError('misconfigured', 'No.', { cause: dropped() }), 'misconfigured'],
])('B35 there is no second try after %s', async (_, thrown, code) => {
  const { auth, renewals } = signedIn();
  const renewal = outcome(auth.renew());
  await settled();
  await renewals.last.fail(thrown);
  expect(await renewal).toBe(code);
  expect(renewals.calls).toHaveLength(1);
});

test('B35 there is no second try after the time of those who waited is up', async () => {
  const { auth, clock, renewals } = signedIn({ renewTimeoutMs: 1_000 });
  const renewal = outcome(auth.renew());
  await clock.advance(1_000);
  expect(await renewal).toBe('unavailable');
  expect(renewals.calls).toHaveLength(1);
  const parts: TokenParts = { accessToken: 'late' };
  await renewals.last.answer(parts);
  expect(current(auth).accessToken).toBe('late');
  expect(renewals.calls).toHaveLength(1);
});
