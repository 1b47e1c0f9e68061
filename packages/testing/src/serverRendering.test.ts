import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { type Oli, startOli } from '@latchkey/emulators';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listen } from './listen.ts';
import { root } from './trackedFiles.ts';

// The program of SERVER.md, as it stands there but for the addresses of the servers.

const folder = join(root, 'packages/testing/programs/snippets');
let oli: Oli;
let origin: string;
let close: () => Promise<void>;
let count = 0;

beforeEach(async () => {
  oli = await startOli();
  const document = await readFile(join(root, 'packages/core/SERVER.md'), 'utf8');
  const program = /```tsx\n(.*?)```/s.exec(document)?.[1] ?? '';
  const addresses = {
    'https://login.example/token': oli.tokenUrl,
    'https://api.example/graphql': oli.url,
    shop: oli.clientId,
  };
  const path = join(folder, `server-${process.pid}-${++count}.tsx`);
  await mkdir(folder, { recursive: true });
  await writeFile(
    path,
    Object.entries(addresses).reduce((code, [from, to]) => code.replaceAll(`'${from}'`, `'${to}'`), program),
  );
  const { server } = (await import(path)) as { readonly server: Server };
  await rm(path);
  ({ origin, close } = await listen(server));
});
afterEach(async () => {
  await close();
  await oli.close();
});

interface Page {
  readonly status: number;
  readonly html: string;
  /** The value of the session cookie that the answer sets; empty: it is deleted. */
  readonly cookie: string | undefined;
}

/** Asks as a browser without scripts does. */
async function visit(cookie = '', path = '/', form?: Record<string, string>): Promise<Page> {
  const response = await fetch(origin + path, {
    method: form ? 'POST' : 'GET',
    headers: { cookie: `theme=dark; session=${cookie}` },
    ...(form && { body: new URLSearchParams(form) }),
  });
  const [set] = response.headers.getSetCookie();
  expect(set ?? 'HttpOnly; Secure; SameSite=Lax').toMatch(/HttpOnly; Secure; SameSite=Lax/);
  return { status: response.status, html: await response.text(), cookie: set && /^session=([^;]*)/.exec(set)?.[1] };
}

/** @returns the cookie of a user who has signed in */
async function signedIn(user: 0 | 1): Promise<string> {
  const { username, password } = oli.users[user] as { username: string; password: string };
  const { html, cookie = '' } = await visit('', '/', { username, password });
  expect(html).toContain(oli.users[user]?.name);
  return cookie;
}

/** The cookie as it is when its access token has expired. */
function expired(cookie: string): string {
  const record = JSON.parse(decodeURIComponent(cookie)) as { receivedAt: number; expiresAt: number };
  return encodeURIComponent(JSON.stringify({ ...record, receivedAt: 0, expiresAt: 1 }));
}

const refreshes = () => oli.stats().tokenRequests.refresh;

test('B75 pages of two users that are rendered at the same time have each its own session', async () => {
  const cookies = [await signedIn(0), await signedIn(1)];
  const release = oli.holdOperations();
  const received = new Promise<void>(resolve => {
    let operations = 0;
    oli.on('operation', () => void (++operations === 6 && resolve()));
  });
  const pages = [0, 1, 0, 1, 1, 0].map(user => visit(cookies[user]));
  await received;
  release();
  const names = (await Promise.all(pages)).map(({ html }) => oli.users.findIndex(({ name }) => html.includes(name)));
  expect(names).toEqual([0, 1, 0, 1, 1, 0]);
});

test('B75 pages of two users whose tokens are renewed at the same time get each its own cookie', async () => {
  const cookies = [expired(await signedIn(0)), expired(await signedIn(1))];
  const release = oli.holdTokenRequests();
  const both = oli.next('tokenRequest').then(() => oli.next('tokenRequest'));
  const pages = cookies.map(cookie => visit(cookie));
  await both;
  release();
  for (const [user, { html, cookie }] of (await Promise.all(pages)).entries()) {
    expect(html).toContain(oli.users[user]?.name);
    expect((await visit(cookie)).html).toContain(oli.users[user]?.name);
  }
  expect(refreshes()).toBe(2);
});

test('B75 an expired token is renewed once before the page begins, and the new ones go out with the cookie', async () => {
  const { html, cookie } = await visit(expired(await signedIn(0)));
  expect(html).toContain('Mara Quill');
  expect(refreshes()).toBe(1);
  expect(await visit(cookie)).toMatchObject({ html: expect.stringContaining('Mara Quill'), cookie: undefined });
  expect(refreshes()).toBe(1);
});

test('B75 a token that is refused while rendering is not renewed before the user asks for it', async () => {
  const cookie = await signedIn(0);
  oli.expireNow();
  expect(await visit(cookie)).toMatchObject({ html: expect.stringContaining('Try again'), cookie: undefined });
  expect(refreshes()).toBe(0);
  expect((await visit(cookie, '/?renew')).html).toContain('Mara Quill');
  expect(refreshes()).toBe(1);
});

test('B75 a session that the auth server has ended is deleted from the browser, and one that it cannot answer for is not', async () => {
  const cookie = expired(await signedIn(0));
  oli.failTokenRequests(1, { status: 503 });
  expect(await visit(cookie)).toMatchObject({ html: expect.stringContaining('Sign in'), cookie: undefined });
  oli.revoke();
  expect(await visit(cookie)).toMatchObject({ html: expect.stringContaining('Sign in'), cookie: '' });
});

test('B75 a wrong password and a cookie that is damaged show the form', async () => {
  const { username } = oli.users[0];
  const form = { username, password: 'wrong' };
  expect(await visit('', '/', form)).toMatchObject({ html: expect.stringContaining('is wrong'), cookie: undefined });
  expect(await visit('%7B%22v%22')).toMatchObject({ status: 200, html: expect.stringContaining('Sign in') });
  expect(await visit('anything')).toMatchObject({ status: 200, html: expect.stringContaining('Sign in') });
});
