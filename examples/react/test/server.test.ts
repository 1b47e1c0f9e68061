import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, inject, test } from 'vitest';

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
  test('says where it is, and answers the page there', async () => {
    const { origin } = await start(0);
    const response = await fetch(origin);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<div id="root">');
  });

  test('says so when its port is in use', async () => {
    const port = new URL(inject('origin')).port;
    const child = run(port);
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(said).toBe(`Port ${port} is in use. Choose another one: PORT=${Number(port) + 1} npm start\n`);
    expect(code).toBe(1);
  });

  test('says so when its port is no port', async () => {
    const child = run('harbour');
    expect(await text(child.stderr)).toBe('PORT must be a number from 0 to 65535.\n');
  });

  test.for(['SIGTERM', 'SIGINT'] as const)('ends at %s and frees its port, open streams or not', async signal => {
    const { child, origin } = await start(0);
    const stream = await fetch(`${origin}/oli/graphql`, {
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
const ours = { ...json, 'x-requested-with': 'latchkey-example' };

async function signIn(origin: string): Promise<string> {
  const [user] = await (await fetch(`${origin}/demo/oli/users`)).json();
  const response = await fetch(`${origin}/oli/auth/realms/api/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'apiclient',
      username: user.username,
      password: user.password,
    }),
  });
  return (await response.json()).access_token;
}

describe('the session behind the cookie', () => {
  const post = (path: string, headers: Record<string, string>, body = {}) =>
    fetch(`${inject('origin')}/session/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });

  async function signedIn() {
    const [user] = await (await fetch(`${inject('origin')}/demo/cookie/users`)).json();
    const response = await post('sign-in', ours, user);
    const set = response.headers.getSetCookie();
    return { set, cookie: set[0]?.split(';')[0] ?? '', answer: await response.json() };
  }

  test('shows the page neither the refresh token nor the cookie', async () => {
    const { set, answer } = await signedIn();
    expect(Object.keys(answer)).toEqual(['accessToken', 'expiresInS']);
    expect(set).toEqual([expect.stringMatching(/^session=[\w-]{36}; Path=\/session; HttpOnly; SameSite=Strict$/)]);
  });

  test.for(['sign-in', 'refresh', 'sign-out'])('refuses %s without the header of our own page', async path => {
    const { cookie } = await signedIn();
    expect((await post(path, { ...json, cookie })).status).toBe(403);
  });

  test('gives tabs that renew at the same time one new token', async () => {
    const { cookie } = await signedIn();
    const answers = await Promise.all([1, 2, 3].map(async () => (await post('refresh', { ...ours, cookie })).json()));
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1);
  });

  test('is over after signing out', async () => {
    const { cookie } = await signedIn();
    expect((await post('sign-out', { ...ours, cookie })).status).toBe(204);
    expect((await post('refresh', { ...ours, cookie })).status).toBe(204);
  });
});
