import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type App, startApp } from '../server/startApp.ts';

const main = fileURLToPath(new URL('../server/main.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(port: string | number) {
  const child = spawn(process.execPath, [main], { env: { ...process.env, PORT: String(port) }, cwd: '/' });
  children.push(child);
  return child;
}

/** Starts the server and returns the address that it prints. */
async function start(port: string | number) {
  const child = run(port);
  const [line] = await once(child.stdout, 'data');
  return { child, origin: /http:\S+/.exec(String(line))?.[0] ?? '' };
}

describe('the program', () => {
  test('prints its address, and serves the page there', async () => {
    const { origin } = await start(0);
    const response = await fetch(origin);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<div id="root">');
  });

  test('reports a port that is in use', async () => {
    const port = new URL(inject('origin')).port;
    const child = run(port);
    const [message, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(message).toBe(`Port ${port} is in use. Choose another one: PORT=${Number(port) + 1} npm start\n`);
    expect(code).toBe(1);
  });

  test('reports an invalid port', async () => {
    const child = run('harbour');
    expect(await text(child.stderr)).toBe('PORT must be a number from 0 to 65535.\n');
  });

  test.for(['SIGTERM', 'SIGINT'] as const)('exits on %s and frees its port, also with open streams', async signal => {
    const { child, origin } = await start(0);
    const stream = await fetch(`${origin}/cookie/graphql`, {
      method: 'POST',
      headers: { ...json, accept: 'text/event-stream', authorization: `Bearer ${await signIn(origin)}` },
      body: JSON.stringify({ query: 'subscription { ticks { n } }' }),
    });
    expect(stream.status).toBe(200);
    const ended = once(child, 'exit');
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
    await expect(stream.text()).rejects.toThrow();
    const { origin: again } = await start(new URL(origin).port);
    expect(again).toBe(origin);
  });
});

const json = { 'content-type': 'application/json' };
const csrf = { ...json, 'x-requested-with': 'latchkey-example' };

async function signIn(origin: string): Promise<string> {
  const [{ username, password }] = await (await fetch(`${origin}/demo/cookie/users`)).json();
  const body = JSON.stringify({ username, password });
  const response = await fetch(`${origin}/cookie/session/sign-in`, { method: 'POST', headers: csrf, body });
  return (await response.json()).accessToken;
}

describe.for(['cookie', 'realitems', 'altrata'] as const)('the session behind the cookie: %s', name => {
  let app: App;
  beforeAll(async () => {
    app = await startApp({ port: 0 });
  });
  afterAll(() => app.close());

  const post = (path: string, headers: Record<string, string>, body = {}) =>
    fetch(`${app.origin}/${name}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const read = async (path: string) => (await fetch(`${app.origin}/demo/${name}/${path}`)).json();

  async function signedIn(user = 0) {
    const response = await post('session/sign-in', csrf, (await read('users'))[user]);
    const set = response.headers.getSetCookie();
    return { set, cookie: set[0]?.split(';')[0] ?? '', answer: await response.json() };
  }
  const renewed = async (cookie: string, current: string): Promise<string> =>
    (await (await post('session/refresh', { ...csrf, cookie }, { current })).json()).accessToken;
  const query = ({ cookie, answer }: Awaited<ReturnType<typeof signedIn>>) =>
    post('graphql', { ...json, cookie, authorization: `Bearer ${answer.accessToken}` }, { query: '{ me { name } }' });

  test('gives the page an access token, and nothing else', async () => {
    const { set, answer } = await signedIn();
    expect(Object.keys(answer)).toEqual(['accessToken', 'expiresInS']);
    const cookie = new RegExp(`^session=[\\w-]{36}; Path=/${name}; HttpOnly; SameSite=Strict$`);
    expect(set).toEqual([expect.stringMatching(cookie)]);
  });

  test.for(['sign-in', 'refresh', 'sign-out'])('refuses %s without the CSRF header', async path => {
    const { cookie } = await signedIn();
    expect((await post(`session/${path}`, { ...json, cookie })).status).toBe(403);
  });

  test('gives pages that renew the same token one successor, also late ones', async () => {
    const { cookie, answer } = await signedIn();
    const before = (await read('stats')).tokenRequests.total;
    const tokens = await Promise.all([1, 2, 3].map(() => renewed(cookie, answer.accessToken)));
    tokens.push(await renewed(cookie, answer.accessToken));
    expect(new Set(tokens).size).toBe(1);
    expect(tokens).not.toContain(answer.accessToken);
    expect((await read('stats')).tokenRequests.total - before).toBe(1);
  });

  test('ends with a sign-out', async () => {
    const { cookie } = await signedIn();
    expect((await post('session/sign-out', { ...csrf, cookie })).status).toBe(204);
    expect((await post('session/refresh', { ...csrf, cookie })).status).toBe(204);
  });

  test('ends when all sessions are revoked, without another sign-in', async () => {
    const { cookie } = await signedIn();
    await fetch(`${app.origin}/demo/${name}/revoke`, { method: 'POST', headers: csrf, body: '{}' });
    expect((await post('session/refresh', { ...csrf, cookie })).status).toBe(204);
  });

  test('passes on operations, but no token requests', async () => {
    const session = await signedIn();
    const { accessToken } = session.answer;
    const answer = { ...session.answer, accessToken: await renewed(session.cookie, accessToken) };
    expect((await query({ ...session, answer })).status).toBe(200);
    const paths = ['oauth/token', 'oauth2/token', 'auth/realms/api/protocol/openid-connect/token'];
    const statuses = await Promise.all(paths.map(async path => (await post(path, csrf)).status));
    expect(statuses).toEqual([404, 404, 404]);
  });

  if (name !== 'altrata') return;

  test('renews the token that all users share once', async () => {
    const [pia, lew] = await Promise.all([signedIn(0), signedIn(1)]);
    expect(pia.answer.accessToken).toBe(lew.answer.accessToken);
    const before = (await read('stats')).tokenRequests.total;
    const tokens = await Promise.all([pia, lew].map(({ cookie, answer }) => renewed(cookie, answer.accessToken)));
    expect(new Set(tokens).size).toBe(1);
    expect((await read('stats')).tokenRequests.total - before).toBe(1);
  });

  test('returns the name of each user', async () => {
    const sessions = [await signedIn(0), await signedIn(1)];
    const names = sessions.map(async ({ cookie }) =>
      (await fetch(`${app.origin}/altrata/session/user`, { headers: { cookie } })).json(),
    );
    expect(await Promise.all(names)).toEqual([{ name: 'Pia Dorn' }, { name: 'Lew Tamm' }]);
  });

  test('refuses a user who has signed out, although the shared token is still valid', async () => {
    const [pia, lew] = [await signedIn(0), await signedIn(1)];
    await post('session/sign-out', { ...csrf, cookie: pia.cookie });
    expect((await query(pia)).status).toBe(401);
    expect((await query(lew)).status).toBe(200);
  });
});
