import { type AddressInfo, createServer, type Socket } from 'node:net';
import { defaultDialect, TokenError } from '@latchkey/core';
import { closeCodeOf, type Dialect, waitForTokens } from '@latchkey/core/adapter';
import { authFetch } from '@latchkey/fetch';
import { beforeEach, describe, expect, test } from 'vitest';
import { WebSocket as WsSocket } from 'ws';
import type { SocketAdapter } from './socketClients.ts';
import { eventDocument, type SceneOptions, socketScene, type Watched } from './socketScene.ts';
import type { SocketRefusal, SocketServer } from './startSocketServer.ts';

/** What an application sees of an error: the code of a `TokenError`, of the close of a socket, or of the server. */
const codeOf = (error: unknown): unknown => {
  if (TokenError.is(error)) return error.code;
  const list = Array.isArray(error) ? error : (error as { errors?: unknown[] } | undefined)?.errors;
  return (
    closeCodeOf(error) ?? (list?.[0] as { extensions?: { code?: unknown } } | undefined)?.extensions?.code ?? error
  );
};
const codesOf = (all: readonly Watched[]) => all.flatMap(({ errors }) => errors.map(codeOf));

/** The numbers of the tokens that sockets were opened with. */
const tokensOf = ({ connections }: SocketServer) => connections.map(({ token }) => token);
const closesOf = ({ connections }: SocketServer) => connections.map(({ closed }) => closed?.code);
const many = Array.from({ length: 50 });
const times = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

/** Refusals that are noticed on a socket that is open, without another attempt in between. */
const refusals: readonly SocketRefusal[] = [
  'close 4401',
  'close 4403',
  'ack, then 4403',
  'close 4400',
  'error',
  'next',
];
/** Those of servers that drop an open socket, and refuse the next one. */
const lateRefusals: readonly SocketRefusal[] = ['connection_error', 'upgrade 401'];

/** A promise, and the function that resolves it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open: () => void = () => {};
  const passed = new Promise<void>(resolve => (open = resolve));
  return { passed, open };
}

/** A server that accepts connections, and never answers. */
async function blackHole() {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('data', data => received.push(String(data)));
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => received.join(''),
    /** How many requests have come. */
    opened: () => received.length,
    /** How many connections are open. */
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

/** What every client of graphql-ws shows over sockets that follow the token. */
export function socketContract(adapter: SocketAdapter): void {
  const scene = (options?: SceneOptions) => socketScene(adapter, options);
  /** `ws` shows the answer to an upgrade. */
  const showing = { client: { webSocketImpl: WsSocket } };

  beforeEach(({ task }) => {
    task.meta.adapter = { name: adapter.name, version: adapter.version };
  });

  describe('connecting', () => {
    test('B120 the first message has the token, and one socket has many operations', async () => {
      await using it = await scene();
      const { server } = it;
      for (let n = 0; n < 5; n++) it.startWatching();
      await expect.poll(() => server.openStreams()).toBe(5);
      expect(await it.client.run('{ me }')).toEqual({ data: { me: 'Ada' } });
      expect(await it.client.run('mutation { bump }')).toEqual({ data: { bump: 1 } });
      expect(tokensOf(server)).toEqual([1]);
    });

    test('B120 no socket is opened before a renewal that is due has ended', async () => {
      await using it = await scene();
      const { server, clock } = it;
      const held = gate();
      server.knobs.held = held.passed;
      clock.jump(3_600_001);
      it.startWatching();
      await expect.poll(() => it.auth.state.renewing).toBe(true);
      await clock.advance(5_000);
      expect(it.heard).toEqual([]);
      held.open();
      await expect.poll(() => server.openStreams()).toBe(1);
      expect(tokensOf(server)).toEqual([2]);
    });

    test('B120 url and connectionParams may be functions of the token set, called at each connect', async () => {
      const seen: unknown[] = [];
      let target = '';
      await using it = await scene({
        client: {
          url: async tokens => {
            seen.push(['url', tokens?.version]);
            return target;
          },
          connectionParams: async tokens => {
            seen.push(['params', tokens?.version]);
            return { authorization: `Bearer ${tokens?.accessToken}` };
          },
        },
      });
      target = it.server.socketUrl;
      await it.watch();
      it.server.expire();
      await expect.poll(() => tokensOf(it.server)).toEqual([1, 2]);
      const [first, second] = [seen.slice(0, 2), seen.slice(2)];
      expect(first).toEqual([expect.arrayContaining(['url']), expect.arrayContaining(['params'])]);
      expect(second).toHaveLength(2);
      expect(second[0]).not.toEqual(first[0]);
    });

    test('B120 what url and connectionParams throw or reject with is misconfigured, and stays here', async () => {
      const secret = 'my-secret-0123456789';
      const failing = async () => Promise.reject(new Error(secret));
      const throwing = () => {
        throw new Error(secret);
      };
      for (const options of [
        { url: failing },
        { url: throwing },
        { connectionParams: failing },
        { connectionParams: throwing },
      ]) {
        await using it = await scene({ client: options as SceneOptions['client'] & {} });
        const watched = it.startWatching();
        await expect.poll(() => codesOf([watched])).toEqual(['misconfigured']);
        expect(it.server.connections).toEqual([]);
      }
    });

    test('B120 signed out: a socket without a token, which is replaced at the sign-in', async () => {
      await using it = await scene({ signedOut: true });
      const { server } = it;
      const watched = await it.watch();
      server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
      await it.signIn('Ada');
      await expect.poll(() => tokensOf(server)).toEqual([null, 1]);
      await expect.poll(() => [server.openStreams(1), server.openStreams()]).toEqual([1, 1]);
      expect(server.subscribed).toEqual([null, 1]);
      server.publish();
      await expect.poll(() => watched.events).toEqual([1, 2]);
    });

    test('B120 signed out, and auth is required: operations fail with signedOut, and there is no socket', async () => {
      await using it = await scene({ signedOut: true, client: { auth: 'required' } });
      const watched = it.startWatching();
      await expect.poll(() => codesOf([watched])).toEqual(['signedOut']);
      await it.signIn('Ada');
      await it.watch();
      expect(tokensOf(it.server)).toEqual([1]);
    });
  });

  describe('refused', () => {
    test.for([...refusals, ...lateRefusals])(
      'B121 50 subscriptions, and the server refuses by %s: one renewal, one new socket, each event once',
      async refusal => {
        await using it = await scene({ refusal, ...(refusal === 'upgrade 401' && showing) });
        const { server } = it;
        const all = many.map(() => it.startWatching());
        await expect.poll(() => server.openStreams()).toBe(50);
        server.publish();
        await expect.poll(() => all.every(({ events }) => events.length === 1)).toBe(true);
        server.expire();
        await expect.poll(() => [server.openStreams(2), server.openStreams()]).toEqual([50, 50]);
        server.publish();
        await expect.poll(() => all.map(({ events }) => events)).toEqual(all.map(() => [1, 2]));
        expect(server.renewals()).toBe(1);
        const opened = refusal === 'connection_error' ? [1, 1, 2] : [1, 2]; // an upgrade that is refused is no connection
        expect(tokensOf(server)).toEqual(opened);
        expect(codesOf(all)).toEqual([]);
      },
    );

    test.for([
      ['close 4401', 4401],
      ['close 4403', 4403],
      ['ack, then 4403', 4403],
      ['error', 'UNAUTHENTICATED'],
      ['next', 'UNAUTHENTICATED'],
    ] as const)(
      'B121 every token is refused by %s: one renewal, two sockets, and the error of the server',
      async ([refusal, code]) => {
        await using it = await scene({ refusal });
        const { server } = it;
        server.knobs.refusesAll = true;
        const watched = it.startWatching();
        await expect.poll(() => codesOf([watched])).toEqual([code]);
        expect(server.renewals()).toBe(1);
        expect(tokensOf(server)).toEqual([1, 2]);
      },
    );

    test('B121 an operation that is refused whatever the token is delivered, once renewed for, and the others go on', async () => {
      await using it = await scene();
      const { server } = it;
      const watched = await it.watch();
      const refused = it.startWatching('subscription { never }');
      await expect.poll(() => new Set(codesOf([refused]))).toEqual(new Set(['UNAUTHENTICATED'])); // urql emits it twice
      await expect.poll(() => [server.openStreams(2), server.openStreams()]).toEqual([1, 1]);
      server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
      const again = it.startWatching('subscription { other: never }');
      await expect.poll(() => new Set(codesOf([again]))).toEqual(new Set(['UNAUTHENTICATED']));
      expect(tokensOf(server).length).toBeLessThanOrEqual(3);
      expect(server.renewals()).toBeLessThanOrEqual(2);
      expect(watched.errors).toEqual([]);
    });

    test('B121 HTTP and the socket are refused at once: one renewal', async () => {
      await using it = await scene({ refusal: 'next' });
      const { server } = it;
      const watched = await it.watch();
      const held = gate();
      server.knobs.held = held.passed;
      server.expire();
      const body = JSON.stringify({ query: '{ slow }' });
      const headers = { 'content-type': 'application/json' };
      const response = authFetch(it.auth)(server.url, { method: 'POST', headers, body });
      await expect.poll(() => it.auth.state.renewing).toBe(true);
      held.open();
      expect(await (await response).json()).toEqual({ data: { slow: 'slow' } });
      await expect.poll(() => tokensOf(server)).toEqual([1, 2]);
      await expect.poll(() => server.subscribed).toEqual([1, 2]);
      expect(server.renewals()).toBe(1);
      expect(watched.errors).toEqual([]);
    });

    test('B123 renewed over HTTP, then refused on the socket: no renewal, one new socket', async () => {
      await using it = await scene();
      const { server } = it;
      await it.watch();
      await it.auth.renew();
      await it.clock.advance(1);
      expect(tokensOf(server)).toEqual([1]);
      server.closeSockets(4401);
      await expect.poll(() => tokensOf(server)).toEqual([1, 2]);
      expect(server.renewals()).toBe(1);
    });

    test('B121 torn down while it waits: not subscribed again, and no socket is opened', async () => {
      await using it = await scene();
      const { server } = it;
      const watched = await it.watch();
      const held = gate();
      server.knobs.held = held.passed;
      server.expire();
      await expect.poll(() => it.auth.state.renewing).toBe(true);
      watched.unsubscribe();
      await it.clock.advance(0);
      held.open();
      await expect.poll(() => it.auth.state.renewing).toBe(false);
      await it.clock.advance(1);
      expect(server.subscribed).toEqual([1]);
      expect(tokensOf(server)).toEqual([1]);
    });

    test('B121 completed by the server while others wait: not subscribed again', async () => {
      await using it = await scene({ refusal: 'error' });
      const { server } = it;
      const completed = await it.watch();
      const held = gate();
      server.knobs.held = held.passed;
      server.knobs.refusesAll = true;
      const refused = it.startWatching();
      await expect.poll(() => it.auth.state.renewing).toBe(true);
      server.knobs.refusesAll = false;
      server.complete();
      await expect.poll(() => completed.isCompleted).toBe(true);
      held.open();
      await expect.poll(() => server.openStreams(2)).toBe(1);
      server.publish();
      await expect.poll(() => refused.events).toEqual([1]);
      expect(completed.events).toEqual([]);
    });

    test('B121 a mutation that was sent is executed once, and ends when its socket does; subscriptions go on', async () => {
      for (const code of [4401, 'drop'] as const) {
        await using it = await scene();
        const { server } = it;
        const watched = await it.watch();
        const slow = gate();
        server.knobs.slow = slow.passed;
        const answer = it.client.run('mutation { bump }');
        await expect.poll(() => server.executed).toEqual(['bump']);
        if (code === 'drop') server.drop();
        else server.closeSockets(code);
        const { error } = await answer;
        expect(codeOf(error)).toBe(code === 'drop' ? 1006 : code);
        await expect.poll(() => server.subscribed).toHaveLength(2);
        await expect.poll(() => [server.openStreams(code === 'drop' ? 1 : 2), server.openStreams()]).toEqual([1, 1]);
        slow.open();
        server.publish();
        await expect.poll(() => watched.events).toEqual([1]);
        expect(server.executed).toEqual(['bump']);
      }
    });

    test('B121 a mutation that waits for a socket is sent once', async () => {
      await using it = await scene();
      const { server } = it;
      await it.watch();
      const held = gate();
      server.knobs.held = held.passed;
      server.expire();
      await expect.poll(() => it.auth.state.renewing).toBe(true);
      const answer = it.client.run('mutation { bump }');
      held.open();
      expect(await answer).toEqual({ data: { bump: 1 } });
      expect(server.executed).toEqual(['bump']);
      expect(tokensOf(server)).toEqual([1, 2]);
    });

    test('B121 a refused mutation that may not be retried is delivered, and the socket is replaced', async () => {
      await using it = await scene({ refusal: 'connect only', client: { mutations: 'never' } });
      const { server } = it;
      await it.watch();
      const { error } = await it.client.run('mutation { refused }');
      expect(codeOf(error)).toBe('UNAUTHENTICATED');
      await expect.poll(() => server.subscribed).toEqual([1, 2]);
      expect(server.renewals()).toBe(1);
    });

    test('B121 a query that was not answered is sent again on the new socket', async () => {
      await using it = await scene();
      const { server } = it;
      const slow = gate();
      server.knobs.slow = slow.passed;
      const answer = it.client.run('{ slow }');
      await expect.poll(() => server.executed).toHaveLength(1);
      server.expire();
      await expect.poll(() => server.executed).toHaveLength(2);
      slow.open();
      expect(await answer).toEqual({ data: { slow: 'slow' } });
    });

    test.for([4400, 4406, 4409, 4429, 4500])(
      'B122 close %i: operations end with it, and nothing is renewed',
      async code => {
        await using it = await scene();
        const { server } = it;
        const watched = await it.watch();
        server.closeSockets(code);
        await expect.poll(() => codesOf([watched])).toEqual([code]);
        await it.clock.advance(60_000);
        expect(tokensOf(server)).toEqual([1]);
        expect(server.renewals()).toBe(0);
      },
    );

    test('B122 the closeCodes of a dialect count: 3000 is a refusal, and 4403 is none', async () => {
      const dialect: Dialect = { ...defaultDialect, closeCodes: { 3000: 'unauthenticated', 4403: 'forbidden' } };
      await using it = await scene({ client: { dialect } });
      const { server } = it;
      const watched = await it.watch();
      server.closeSockets(3000);
      await expect.poll(() => server.subscribed).toEqual([1, 2]);
      server.closeSockets(4403);
      await expect.poll(() => codesOf([watched])).toEqual([4403]);
      expect(server.renewals()).toBe(1);
    });
  });

  describe('tokens that expire', () => {
    test('B126 ten lifetimes, and the server closes with 4403 at the end of each, without an event in between', async () => {
      await using it = await scene({ refusal: 'close 4403', lifetimeMs: 1_000 });
      const { server, clock } = it;
      const watched = await it.watch();
      for (const lifetime of times(10)) {
        clock.jump(1_001);
        server.checkExpiry();
        await expect.poll(() => server.openStreams(lifetime + 1)).toBe(1);
      }
      server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
      expect(tokensOf(server)).toEqual(times(11));
      expect(server.renewals()).toBe(10);
      expect(watched.errors).toEqual([]);
    });

    test.for(['error', 'next'] as const)(
      'B126 ten lifetimes, and the server refuses a silent stream by %s at the end of each',
      async refusal => {
        await using it = await scene({ refusal, lifetimeMs: 1_000 });
        const { server, clock } = it;
        const watched = await it.watch();
        for (const lifetime of times(10)) {
          clock.jump(1_001);
          server.checkExpiry();
          await expect.poll(() => [server.openStreams(lifetime + 1), server.openStreams()]).toEqual([1, 1]);
        }
        server.publish();
        await expect.poll(() => watched.events).toEqual([1]);
        expect(tokensOf(server)).toEqual(times(11));
        expect(server.renewals()).toBe(10);
        expect(watched.errors).toEqual([]);
      },
    );

    test('B126 a server that checks at the connect only: the socket stays, and nothing is renewed', async () => {
      await using it = await scene({ refusal: 'connect only' });
      const { server, clock } = it;
      const watched = await it.watch();
      await clock.advance(36_000_000);
      server.checkExpiry();
      server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
      expect(tokensOf(server)).toEqual([1]);
      expect(server.renewals()).toBe(0);
    });

    test('B120 a socket drops, and its token has expired: it is renewed before the next attempt', async () => {
      await using it = await scene({ refusal: 'upgrade 401', manager: { renewal: 'refused' } });
      const { server, clock } = it;
      const watched = await it.watch();
      clock.jump(3_600_001);
      server.checkExpiry();
      await expect.poll(() => tokensOf(server)).toEqual([1, 2]);
      await expect.poll(() => server.openStreams()).toBe(1);
      expect(server.renewals()).toBe(1);
      expect(watched.errors).toEqual([]);
    });

    test('B123 follow expiry: the new socket is acknowledged before the old one closes, and events come in order', async () => {
      await using it = await scene({ client: { follow: 'expiry' } });
      const { server, clock } = it;
      const watched = await it.watch();
      server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
      await clock.advance(3_600_000 - 60_001);
      expect(tokensOf(server)).toEqual([1]);
      const held = gate();
      server.knobs.held = held.passed;
      await clock.advance(20_002); // jitter
      await expect.poll(() => it.auth.state.renewing).toBe(true);
      expect(it.auth.fresh()).not.toBeUndefined(); // operations over HTTP go on
      server.publish();
      await expect.poll(() => watched.events).toEqual([1, 2]);
      held.open();
      await expect.poll(() => tokensOf(server)).toEqual([1, 2]);
      await expect.poll(() => closesOf(server)).toEqual([1000, undefined]);
      await expect.poll(() => [server.openStreams(2), server.openStreams()]).toEqual([1, 1]);
      server.publish();
      await expect.poll(() => watched.events).toEqual([1, 2, 3]);
      expect(it.heard.filter(([name]) => name === 'closed')).toEqual([]);
    });

    test('B123 follow expiry in an outage: the socket goes on, and is replaced when it is over', async () => {
      await using it = await scene({ client: { follow: 'expiry' }, refusal: 'connect only' });
      const { server, clock } = it;
      const watched = await it.watch();
      server.knobs.authServer = 'down';
      await clock.advance(3_600_000 - 39_000);
      await expect.poll(() => it.auth.state.error?.code).toBe('unavailable');
      server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
      server.knobs.authServer = 'up';
      await expect
        .poll(async () => {
          await clock.advance(1_000);
          return tokensOf(server);
        })
        .toEqual([1, 2]);
      expect(watched.errors).toEqual([]);
    });

    test('B123 follow expiry: an expiry beyond the longest timer is not early', async () => {
      const lifetimeMs = 3 * (2 ** 31 - 1);
      await using it = await scene({ client: { follow: 'expiry' }, lifetimeMs });
      await it.watch();
      await it.clock.advance(lifetimeMs - 60_001);
      expect(it.server.renewals()).toBe(0);
      await it.clock.advance(20_002);
      await expect.poll(() => tokensOf(it.server)).toEqual([1, 2]);
    });

    test('B123 follow renewal, ten in a row: the last socket has the newest token, and one stream is open', async () => {
      await using it = await scene({ client: { follow: 'renewal' } });
      const { server } = it;
      const watched = await it.watch();
      for (let n = 0; n < 10; n++) await it.auth.renew();
      await expect.poll(() => [server.openStreams(11), server.openStreams()]).toEqual([1, 1]);
      expect(tokensOf(server).at(-1)).toBe(11);
      await expect.poll(() => closesOf(server).filter(code => code === undefined)).toHaveLength(1);
      server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
      expect(watched.errors).toEqual([]);
    });

    test('B123 a replacement that fails ends nothing on the socket that is good', async () => {
      await using it = await scene({ client: { follow: 'renewal', retryAttempts: 2 }, refusal: 'connect only' });
      const { server } = it;
      const watched = await it.watch();
      server.knobs.refusal = 'close 4400';
      server.knobs.refusesAll = true;
      await it.auth.renew();
      await expect.poll(() => server.connections.length).toBeGreaterThan(1);
      await expect.poll(() => closesOf(server).slice(1).every(Boolean)).toBe(true);
      server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
      expect(watched.errors).toEqual([]);
      expect(closesOf(server)[0]).toBeUndefined();
    });

    test('B123 a query in flight at a replacement is answered by the old socket, which then closes', async () => {
      await using it = await scene({ client: { follow: 'renewal' } });
      const { server } = it;
      await it.watch();
      const slow = gate();
      server.knobs.slow = slow.passed;
      const answers = Promise.all([it.client.run('{ slow }'), it.client.run('mutation { bump }')]);
      await expect.poll(() => server.executed).toHaveLength(2);
      await it.auth.renew();
      await expect.poll(() => server.subscribed).toEqual([1, 2]);
      expect(closesOf(server)).toEqual([undefined, undefined]);
      slow.open();
      expect(await answers).toEqual([{ data: { slow: 'slow' } }, { data: { bump: 1 } }]);
      await expect.poll(() => server.connections[0]?.closed).toEqual({ code: 1000, reason: 'Replaced' });
      expect(server.executed).toHaveLength(2);
    });
  });

  describe('sessions', () => {
    test('B124 a sign-out ends all subscriptions before it returns, and closes the socket with 4205', async () => {
      await using it = await scene();
      const { server } = it;
      const all = [await it.watch(), await it.watch()];
      const signedOut = it.auth.signOut();
      expect(codesOf(all)).toEqual(['signedOut', 'signedOut']);
      await signedOut;
      server.publish();
      await expect.poll(() => server.connections[0]?.closed).toEqual({ code: 4205, reason: 'Signed out' });
      expect(all.map(({ events }) => events)).toEqual([[], []]);
      expect(tokensOf(server)).toEqual([1]);
    });

    test('B124 messages that are on their way at a sign-out are not delivered', async () => {
      await using it = await scene();
      const { server } = it;
      const watched = await it.watch();
      for (let n = 0; n < 50; n++) server.publish(); // not read yet
      void it.auth.signOut();
      for (let n = 0; n < 50; n++) server.publish();
      await expect.poll(() => closesOf(server)).toEqual([4205]);
      expect(watched.events).toEqual([]);
    });

    test('B124 nor are they heard by listeners, and an acknowledgement that comes later is none', async () => {
      const messages: unknown[] = [];
      await using it = await scene({ client: { on: { message: message => messages.push(message) } } });
      const { server } = it;
      await it.watch();
      const before = messages.length;
      for (let n = 0; n < 50; n++) server.publish();
      void it.auth.signOut();
      await expect.poll(() => closesOf(server)).toEqual([4205]);
      expect(messages).toHaveLength(before);
      await it.signIn('Bob');
      it.sockets.on('opened', () => void it.auth.signOut());
      const ofBob = it.startWatching();
      await expect.poll(() => codesOf([ofBob])).toEqual(['signedOut']);
      await expect.poll(() => it.heard.filter(([name]) => name === 'closed').length).toBeGreaterThan(1);
      await it.clock.advance(1);
      expect(it.heard.filter(([name]) => name === 'connected')).toHaveLength(1);
      expect(tokensOf(server)).toEqual([1]); // that of Bob was not sent
    });

    test('B124 a sign-out while the socket connects closes the connection, and no token is sent', async () => {
      await using hole = await blackHole();
      await using it = await scene({ client: { url: hole.url } });
      const watched = it.startWatching();
      await expect.poll(hole.opened).toBe(1);
      void it.auth.signOut();
      expect(codesOf([watched])).toEqual(['signedOut']);
      await expect.poll(hole.open).toBe(0);
      for (const token of it.server.tokens) expect(hole.received()).not.toContain(token);
    });

    test('B124 the next user in the same tick: nothing of the first, and a new socket', async () => {
      await using it = await scene();
      const { server } = it;
      const ofAda = await it.watch();
      const tokens = await server.signIn('Bob');
      server.publish();
      void it.auth.signOut();
      void it.auth.adopt(tokens);
      const ofBob = it.startWatching();
      await expect.poll(() => [server.openStreams(2), server.openStreams()]).toEqual([1, 1]);
      expect(server.subscribed).toEqual([1, 2]);
      server.publish();
      await expect.poll(() => ofBob.events).toEqual([2]);
      expect([ofAda.events, codesOf([ofAda])]).toEqual([[], ['signedOut']]);
      expect(closesOf(server)).toEqual([4205, undefined]);
    });

    test('B124 another user takes the place of the first, as from another tab: the same', async () => {
      await using it = await scene();
      const { server } = it;
      const ofAda = await it.watch();
      await it.signIn('Bob');
      expect(codesOf([ofAda])).toEqual(['signedOut']);
      await expect.poll(() => closesOf(server)).toEqual([4205]);
      const ofBob = await it.watch();
      server.publish();
      await expect.poll(() => ofBob.events).toEqual([1]);
      expect(ofAda.events).toEqual([]);
    });

    test('B124 a user whose operations wait in an outage signs out: they end at once, and the next user is not affected', async () => {
      await using it = await scene();
      const { server } = it;
      const watched = await it.watch();
      server.knobs.authServer = 'down';
      server.expire();
      await expect.poll(() => it.auth.state.error?.code).toBe('unavailable');
      void it.auth.signOut();
      expect(codesOf([watched])).toEqual(['signedOut']);
      await it.signIn('Bob');
      await it.watch();
      expect(tokensOf(server)).toEqual([1, 2]);
    });

    test('B125 the auth server is down: subscriptions wait, nothing is opened with the refused token, and they resume', async () => {
      await using it = await scene();
      const { server, clock } = it;
      const all = [await it.watch(), await it.watch()];
      let failures = 0;
      it.auth.on('renewalFailed', () => failures++);
      server.knobs.authServer = 'down';
      server.expire();
      await expect.poll(() => failures).toBe(1);
      for (let n = 0; n < 30; n++) await clock.advance(10_000);
      await expect.poll(() => failures).toBeGreaterThan(4);
      expect(failures).toBeLessThan(20); // in five minutes
      expect(tokensOf(server)).toEqual([1]);
      expect(codesOf(all)).toEqual([]);
      server.knobs.authServer = 'up';
      await expect
        .poll(async () => {
          await clock.advance(1_000);
          return server.subscribed;
        })
        .toEqual([1, 1, 2, 2]);
      await expect.poll(() => server.openStreams(2)).toBe(2);
      server.publish();
      await expect.poll(() => all.map(({ events }) => events)).toEqual([[1], [1]]);
      expect(server.renewals()).toBe(1);
    });

    test('B125 they resume at once when somebody else has renewed', async () => {
      await using it = await scene();
      const { server } = it;
      await it.watch();
      server.knobs.authServer = 'down';
      server.expire();
      await expect.poll(() => it.auth.state.error?.code).toBe('unavailable');
      await it.auth.adopt(await server.signIn('Ada'));
      await expect.poll(() => server.subscribed).toEqual([1, 2]);
    });

    test('B125 the session is over: subscriptions end with sessionExpired', async () => {
      await using it = await scene();
      const { server } = it;
      const all = [await it.watch(), await it.watch()];
      server.knobs.authServer = 'rejects';
      server.expire();
      await expect.poll(() => codesOf(all)).toEqual(['sessionExpired', 'sessionExpired']);
      await it.clock.advance(60_000);
      expect(tokensOf(server)).toEqual([1]);
    });

    test('B125 the session ends elsewhere while the socket is open: the same', async () => {
      await using it = await scene();
      const { server } = it;
      const watched = await it.watch();
      server.knobs.authServer = 'rejects';
      await it.auth.renew().catch(() => {});
      expect(codesOf([watched])).toEqual(['sessionExpired']);
      await expect.poll(() => closesOf(server)).toEqual([4205]);
    });
  });

  describe('sockets that fail', () => {
    test('B125 a socket that is dropped without a close frame is opened again, nothing is renewed, each event comes once', async () => {
      await using it = await scene();
      const { server } = it;
      const all = many.map(() => it.startWatching());
      await expect.poll(() => server.openStreams()).toBe(50);
      server.drop();
      await expect.poll(() => server.subscribed).toHaveLength(100);
      await expect.poll(() => server.openStreams()).toBe(50);
      server.publish();
      await expect.poll(() => all.map(({ events }) => events)).toEqual(all.map(() => [1]));
      expect(tokensOf(server)).toEqual([1, 1]);
      expect(server.renewals()).toBe(0);
    });

    test('B125 the server restarts: one attempt per pause, however many subscriptions, and they resume', async () => {
      await using it = await scene({ client: { retryWait: undefined as never } });
      const { server, clock } = it;
      const all = many.map(() => it.startWatching());
      await expect.poll(() => server.openStreams()).toBe(50);
      await server.stop();
      const attempts = () => it.heard.filter(([name]) => name === 'connecting').length;
      await expect.poll(() => it.heard.some(([name]) => name === 'closed')).toBe(true);
      await clock.advance(1_299);
      expect(attempts()).toBe(1);
      const attempt = (nth: number) =>
        expect
          .poll(async () => {
            if (attempts() < nth) await clock.advance(100);
            return attempts();
          })
          .toBe(nth);
      await attempt(2);
      await expect.poll(() => it.heard.filter(([name]) => name === 'closed')).toHaveLength(2);
      await server.start();
      await attempt(3);
      await expect.poll(() => server.openStreams()).toBe(50);
      expect(attempts()).toBe(3);
      server.publish();
      await expect.poll(() => all.map(({ events }) => events)).toEqual(all.map(() => [1]));
      expect(server.renewals()).toBe(0);
      expect(codesOf(all)).toEqual([]);
    });

    test('B125 after retryAttempts, and where shouldRetry is false, operations end with what closed the socket', async () => {
      for (const client of [{ retryAttempts: 2 }, { shouldRetry: () => false }]) {
        await using it = await scene({ client });
        const { server } = it;
        const watched = await it.watch();
        await server.stop();
        await expect.poll(() => watched.errors).toHaveLength(1);
        const attempts = it.heard.filter(([name]) => name === 'connecting').length;
        expect(attempts).toBe('retryAttempts' in client ? 3 : 1);
        await server.start();
      }
    });

    test('B125 a server that does not acknowledge is left after ten seconds, and tried again', async () => {
      await using it = await scene();
      const { server, clock } = it;
      server.knobs.isSilent = true;
      it.startWatching();
      await expect.poll(() => server.connections).toHaveLength(1);
      await clock.advance(9_999);
      expect(closesOf(server)).toEqual([undefined]);
      server.knobs.isSilent = false;
      await clock.advance(1);
      await expect.poll(() => server.openStreams()).toBe(1);
      expect(server.connections[0]?.closed?.code).toBe(4504);
    });

    test('B125 with keepAlive a peer that answers no ping is left', async () => {
      await using it = await scene({ client: { keepAlive: 5 } });
      const { server, clock } = it;
      await it.watch();
      await expect.poll(() => it.heard.some(([name]) => name === 'pong')).toBe(true);
      for (const { socket } of server.connections) socket.pause(); // as a network that swallows everything
      await expect
        .poll(async () => {
          await clock.advance(5);
          return server.connections.length;
        })
        .toBeGreaterThan(1);
      for (const { socket } of server.connections) socket.resume();
      await expect.poll(() => server.openStreams()).toBe(1);
    });

    test('terminate in any state opens another socket', async () => {
      await using it = await scene();
      const { server } = it;
      it.sockets.terminate();
      server.knobs.isSilent = true;
      const watched = it.startWatching();
      it.sockets.terminate();
      await expect.poll(() => tokensOf(server)).toEqual([1]);
      server.knobs.isSilent = false;
      it.sockets.terminate();
      await expect.poll(() => server.openStreams()).toBe(1);
      expect(closesOf(server)).toEqual([4499, undefined]);
      it.sockets.terminate();
      await expect.poll(() => closesOf(server)).toEqual([4499, 4499, undefined]);
      await expect.poll(() => [server.subscribed.length, server.openStreams()]).toEqual([2, 1]);
      server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
    });

    test('terminate while the connection is made opens another one, and nothing is uncaught', async () => {
      await using hole = await blackHole();
      await using it = await scene({ client: { url: hole.url } });
      it.startWatching();
      await expect.poll(hole.opened).toBe(1);
      it.sockets.terminate();
      await expect.poll(hole.opened).toBe(2);
      await it.sockets.dispose();
      await expect.poll(hole.open).toBe(0);
    });

    test('dispose in any state completes all, and leaves nothing', async () => {
      for (const state of ['idle', 'waiting', 'connecting', 'open', 'paused'] as const) {
        await using it = await scene({ client: state === 'paused' ? { retryWait: undefined as never } : {} });
        const { server } = it;
        const held = gate();
        server.knobs.held = held.passed;
        if (state === 'waiting') it.clock.jump(3_600_001);
        const watched = state === 'idle' ? undefined : it.startWatching();
        if (state === 'waiting') await expect.poll(() => it.auth.state.renewing).toBe(true);
        if (state === 'connecting')
          await expect.poll(() => it.heard.some(([name]) => name === 'connecting')).toBe(true);
        if (state === 'open' || state === 'paused') await expect.poll(() => server.openStreams()).toBe(1);
        if (state === 'paused') server.drop();
        if (state === 'paused') await expect.poll(() => it.heard.some(([name]) => name === 'closed')).toBe(true);
        await it.sockets.dispose();
        await expect.poll(() => watched?.isCompleted ?? true).toBe(true);
        await expect.poll(() => closesOf(server).every(Boolean)).toBe(true);
        await it.clock.advance(60_000);
        held.open();
        await it.clock.advance(1);
        expect(watched?.errors ?? []).toEqual([]);
        expect(closesOf(server).every(Boolean)).toBe(true);
      }
    });

    test('a sink that subscribes again in its end gets an operation of its own', async () => {
      await using it = await scene();
      const { server } = it;
      const errors: unknown[] = [];
      const subscribe = () => {
        const error = (reason: unknown) => {
          errors.push(codeOf(reason));
          if (errors.length < 5) subscribe();
        };
        it.sockets.subscribe({ query: eventDocument() }, { next() {}, error, complete() {} });
      };
      subscribe();
      await expect.poll(() => server.openStreams()).toBe(1);
      server.closeSockets(4429);
      await expect.poll(() => server.subscribed).toHaveLength(2);
      expect(errors).toEqual([4429]);
      void it.auth.signOut();
      await it.signIn('Bob');
      await expect.poll(() => server.subscribed).toHaveLength(3);
      expect(errors).toEqual([4429, 'signedOut']);
    });

    test('queries that come and go leave the socket of a subscription alone', async () => {
      await using it = await scene();
      const watched = await it.watch();
      for (let n = 0; n < 10; n++) expect(await it.client.run('{ me }')).toEqual({ data: { me: 'Ada' } });
      it.server.publish();
      await expect.poll(() => watched.events).toEqual([1]);
      await it.clock.advance(1);
      expect(closesOf(it.server)).toEqual([undefined]);
    });

    test('a sink that throws ends its own operation only, and its error stays here', async () => {
      await using it = await scene();
      const { server } = it;
      const watched = await it.watch();
      const errors: unknown[] = [];
      const thrown = new Error('my-secret-0123456789');
      it.sockets.subscribe(
        { query: eventDocument() },
        {
          next() {
            throw thrown;
          },
          error: error => errors.push(error),
          complete() {},
        },
      );
      await expect.poll(() => server.openStreams()).toBe(2);
      server.publish();
      server.publish();
      await expect.poll(() => watched.events).toEqual([1, 2]);
      expect(errors).toEqual([thrown]);
      await expect.poll(() => server.openStreams()).toBe(1);
      expect(closesOf(server)).toEqual([undefined]);
    });
  });

  describe('options of graphql-ws', () => {
    test('lazy false: one socket without operations, opened again after a refusal', async () => {
      await using it = await scene({ client: { lazy: false } });
      const { server } = it;
      await expect.poll(() => tokensOf(server)).toEqual([1]);
      server.expire();
      await expect.poll(() => tokensOf(server)).toEqual([1, 2]);
      void it.auth.signOut();
      await expect.poll(() => tokensOf(server)).toEqual([1, 2, null]);
      await expect.poll(() => closesOf(server)).toEqual([4401, 4205, undefined]);
    });

    test('lazy false, and auth is required: no socket while nobody is signed in', async () => {
      await using it = await scene({ client: { lazy: false, auth: 'required' } });
      const { server } = it;
      await expect.poll(() => tokensOf(server)).toEqual([1]);
      void it.auth.signOut();
      await expect.poll(() => closesOf(server)).toEqual([4205]);
      await it.clock.advance(60_000);
      expect(tokensOf(server)).toEqual([1]);
      await it.signIn('Bob');
      await expect.poll(() => tokensOf(server)).toEqual([1, 2]);
    });

    test('lazy false: onNonLazyError has what ended the socket', async () => {
      const errors: unknown[] = [];
      await using it = await scene({ client: { lazy: false, onNonLazyError: error => errors.push(error) } });
      await expect.poll(() => tokensOf(it.server)).toEqual([1]);
      await expect.poll(() => it.heard.some(([name]) => name === 'connected')).toBe(true);
      it.server.closeSockets(4429);
      await expect.poll(() => errors.map(codeOf)).toEqual([4429]);
      await it.clock.advance(60_000);
      expect(tokensOf(it.server)).toEqual([1]);
    });

    test('lazyCloseTimeout: the socket is kept so long without operations', async () => {
      await using it = await scene({ client: { lazyCloseTimeout: 5_000 } });
      const { server, clock } = it;
      (await it.watch()).unsubscribe();
      await clock.advance(4_999);
      (await it.watch()).unsubscribe();
      await clock.advance(4_999);
      expect(closesOf(server)).toEqual([undefined]);
      await clock.advance(1);
      await expect.poll(() => server.connections[0]?.closed).toEqual({ code: 1000, reason: 'Normal Closure' });
      await expect.poll(() => it.heard.map(([name]) => name)).toEqual(['connecting', 'opened', 'connected', 'closed']);
    });

    test('listeners hear the socket in use, whether it follows another, and may throw', async () => {
      const thrown: unknown[] = [];
      const on = {
        connected() {
          thrown.push(1);
          throw new Error('of the application');
        },
      };
      await using it = await scene({ client: { on, follow: 'renewal' } });
      const { server } = it;
      await it.watch();
      const wasRetry = () => it.heard.filter(([name]) => name === 'connected').map(([, , , retry]) => retry);
      expect(wasRetry()).toEqual([false]);
      await it.auth.renew();
      await expect.poll(wasRetry).toEqual([false, true]);
      await expect.poll(() => closesOf(server)).toEqual([1000, undefined]);
      await it.clock.advance(1);
      expect(it.heard.filter(([name]) => name === 'closed')).toEqual([]);
      server.drop();
      await expect.poll(wasRetry).toEqual([false, true, true]);
      expect(it.heard.filter(([name]) => name === 'closed')).toHaveLength(1);
      expect(thrown).toHaveLength(3);
    });

    test('an iterator gets all results, and leaving its loop unsubscribes', async () => {
      await using it = await scene();
      const results: unknown[] = [];
      for await (const { data } of it.sockets.iterate({ query: 'subscription { two }' })) results.push(data);
      expect(results).toEqual([{ two: 1 }, { two: 2 }]);
      const events = it.sockets.iterate({ query: eventDocument() });
      await expect.poll(() => it.server.openStreams()).toBe(1);
      it.server.publish();
      for await (const event of events) {
        expect(event.data).toMatchObject({ event: { n: 1 } });
        break;
      }
      await expect.poll(() => it.server.openStreams()).toBe(0);
      const ended = it.sockets.iterate({ query: eventDocument() });
      await expect.poll(() => it.server.openStreams()).toBe(1);
      const next = ended.next();
      void it.auth.signOut();
      await expect(next).rejects.toMatchObject({ code: 'signedOut' });
    });

    test('1,000 operations that come and go leave no timer, listener, socket or stream', async () => {
      await using it = await scene();
      const { server } = it;
      for (let n = 0; n < 1_000; n++) {
        const watched = it.startWatching();
        if (n % 3 === 0) await it.clock.advance(0);
        watched.unsubscribe();
      }
      await it.clock.advance(0);
      await expect.poll(() => closesOf(server).every(Boolean)).toBe(true);
      await expect.poll(() => server.openStreams()).toBe(0);
      const { session } = it.auth.manager();
      expect(session.listeners.size).toBe(0);
      expect([...session.events.listeners.values()].every(({ size }) => size === 0)).toBe(true);
      expect(await waitForTokens(it.auth)).not.toBeNull();
    });
  });
}
