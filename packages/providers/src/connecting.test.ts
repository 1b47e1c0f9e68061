import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { TokenManager } from '@latchkey/core';
import {
  type ExampleServer,
  exampleUser,
  startAuthJsExample,
  startBetterAuthExample,
  startPayloadExample,
  startRestExample,
  startStrapiExample,
  startVendureExample,
  startWooGraphQLExample,
} from '@latchkey/emulators';
import { authFetch } from '@latchkey/fetch';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { cookieJar } from './cookieJar.ts';

// The programs of CONNECTING.md, as they stand there but for the address of the server.

const folder = fileURLToPath(new URL('../snippets', import.meta.url));
const document = await readFile(new URL('../CONNECTING.md', import.meta.url), 'utf8');

/** The program under a heading that contains `title`. */
function programOf(title: string): string {
  const section = document.split('\n## ').find(part => part.split('\n', 1)[0]?.includes(title));
  const program = /```ts\n(.*?)```/s.exec(section ?? '')?.[1];
  if (!program) throw new Error(`CONNECTING.md has no program under ${title}.`);
  return program;
}

type Auth = TokenManager<never>;
interface Program {
  readonly auth: Auth;
  readonly cart: Auth;
}

const disposed: Auth[] = [];
let count = 0;

/** Runs a program against a server: what it exports. */
async function run(title: string, { origin }: ExampleServer): Promise<Program> {
  const path = `${folder}/connecting-${process.pid}-${++count}.ts`;
  await writeFile(path, programOf(title).replaceAll('https://api.example', origin));
  const program = (await import(path)) as Program;
  disposed.push(...Object.values(program as object).filter((value): value is Auth => typeof value === 'object'));
  return program;
}

/** Signs in with what the program takes; `password` may be wrong. */
const signIn = (auth: Auth, password: string = exampleUser.password) =>
  auth.signIn({ ...exampleUser, pass: password, name: exampleUser.username, password } as never);

/** Sends an operation as an application does. */
async function operate(fetcher: typeof fetch | ReturnType<typeof authFetch>, url: string, query: string) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetcher(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query }),
    credentials: 'include',
  });
  return (await response.json()) as {
    readonly data?: unknown;
    readonly errors?: readonly { readonly message: string }[];
  };
}

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
});
afterEach(() => {
  for (const auth of disposed.splice(0)) auth.dispose();
  vi.unstubAllGlobals();
});

interface Case {
  readonly title: string;
  readonly start: () => Promise<ExampleServer>;
  readonly path: string;
  readonly query: string;
  readonly data: object;
  /** Whether there is anything to renew with once the access token has expired. */
  readonly renews: boolean;
}

const cases: readonly Case[] = [
  { title: 'REST', start: startRestExample, path: '/graphql', query: '{ me }', data: { me: 'Ada' }, renews: true },
  {
    title: 'Strapi',
    start: startStrapiExample,
    path: '/graphql',
    query: '{ me { username } }',
    data: { me: { username: 'ada' } },
    renews: false,
  },
  {
    title: 'Payload',
    start: startPayloadExample,
    path: '/api/graphql',
    query: '{ Posts }',
    data: { Posts: ['A post'] },
    renews: false, // not with a token that has expired
  },
  {
    title: 'Vendure',
    start: startVendureExample,
    path: '/shop-api',
    query: 'mutation { updateCustomer(name: "Ada") { name } }',
    data: { updateCustomer: { name: 'Ada' } },
    renews: false,
  },
  {
    title: 'WooGraphQL',
    start: startWooGraphQLExample,
    path: '/graphql',
    query: '{ viewer { name } }',
    data: { viewer: { name: 'Ada' } },
    renews: true,
  },
  {
    title: 'Auth.js',
    start: startAuthJsExample,
    path: '/api/graphql',
    query: '{ me }',
    data: { me: 'Ada' },
    renews: true,
  },
  {
    title: 'Better Auth',
    start: startBetterAuthExample,
    path: '/graphql',
    query: '{ me }',
    data: { me: 'Ada' },
    renews: true,
  },
];

describe.each(cases)('the program for $title', ({ title, start, path, query, data, renews }) => {
  async function connect(server: ExampleServer) {
    vi.stubGlobal('fetch', cookieJar());
    const program = await run(title, server);
    return { ...program, ask: () => operate(authFetch(program.auth), `${server.origin}${path}`, query) };
  }

  test('signs in and sends operations', async () => {
    await using server = await start();
    const { auth, ask } = await connect(server);
    await signIn(auth);
    expect(auth.state.status).toBe('signedIn');
    expect(await ask()).toEqual({ data });
  });

  test('B128 takes a wrong password for one', async () => {
    await using server = await start();
    const { auth } = await connect(server);
    await expect(signIn(auth, 'wrong')).rejects.toMatchObject({ code: 'credentialsRejected' });
    expect(auth.state.status).not.toBe('signedIn');
  });

  test('does not take a server that is down for a wrong password', async () => {
    const server = await start();
    const { auth } = await connect(server);
    await server[Symbol.asyncDispose]();
    await expect(signIn(auth)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('renews a token', async () => {
    await using server = await start();
    const { auth, ask } = await connect(server);
    await signIn(auth);
    const before = auth.fresh()?.accessToken;
    if (renews || title === 'Payload') expect((await auth.renew()).accessToken).not.toBe(before);
    else await expect(auth.renew()).rejects.toMatchObject({ code: 'noProgress' });
    expect(await ask()).toEqual({ data });
  });

  test(`${renews ? 'renews' : 'ends the session of'} a token that has expired`, async () => {
    await using server = await start();
    const { auth, ask } = await connect(server);
    await signIn(auth);
    server.expireTokens();
    if (renews) expect(await ask()).toEqual({ data });
    else await expect(ask()).rejects.toMatchObject({ code: 'sessionExpired' });
  });

  test('ends the session when the server has ended it', async () => {
    await using server = await start();
    const { auth, ask } = await connect(server);
    await signIn(auth);
    server.endSessions();
    await expect(ask()).rejects.toMatchObject({ code: 'sessionExpired' });
    expect(auth.state.status).toBe('signedOut');
  });

  test('signs out', async () => {
    await using server = await start();
    const { auth } = await connect(server);
    await signIn(auth);
    await auth.signOut();
    expect(auth.state.status).toBe('signedOut');
    expect(await auth.get()).toBeNull();
  });
});

test.each(cases.filter(({ title }) => title === 'Auth.js' || title === 'Better Auth'))(
  'the program for $title finds the session after a reload',
  async ({ title, start, path, query, data }) => {
    await using server = await start();
    vi.stubGlobal('fetch', cookieJar());
    await signIn((await run(title, server)).auth);
    const { auth } = await run(title, server);
    expect(await operate(authFetch(auth), `${server.origin}${path}`, query)).toEqual({ data });
    expect(auth.state.status).toBe('signedIn');
  },
);

test.each([
  ['Auth.js', startAuthJsExample],
  ['Better Auth', startBetterAuthExample],
] as const)('the program for %s is signed out where there is no session', async (title, start) => {
  await using server = await start();
  vi.stubGlobal('fetch', cookieJar());
  const { auth } = await run(title, server);
  expect([await auth.get(), auth.state.status]).toEqual([null, 'signedOut']);
});

test('B127 the program for Vendure keeps a guest’s cart through the sign-in', async () => {
  await using server = await startVendureExample();
  const { auth } = await run('Vendure', server);
  const ask = (query: string) => operate(authFetch(auth), `${server.origin}/shop-api`, query);
  expect(await ask('{ activeOrder { quantity } }')).toEqual({ data: { activeOrder: null } });
  for (const quantity of [1, 2])
    expect(await ask('mutation { addItemToOrder(sku: "a") { quantity } }')).toEqual({
      data: { addItemToOrder: { quantity } },
    });
  await expect(signIn(auth, 'wrong')).rejects.toMatchObject({ code: 'credentialsRejected' });
  expect(auth.state.status).toBe('signedOut');
  await signIn(auth);
  expect(await ask('{ activeOrder { quantity } }')).toEqual({ data: { activeOrder: { quantity: 2 } } });
});

test('B104 the program for Vendure keeps the user’s token after an answer for a guest', async () => {
  await using server = await startVendureExample();
  const { auth } = await run('Vendure', server);
  await signIn(auth);
  const token = auth.fresh()?.accessToken;
  server.endSessions();
  expect(await operate(authFetch(auth), `${server.origin}/shop-api`, '{ activeCustomer { name } }')).toEqual({
    data: { activeCustomer: null },
  });
  expect(auth.fresh()?.accessToken).toBe(token);
});

test('B127 the programs for WooGraphQL keep the cart through the sign-in and the sign-out', async () => {
  await using server = await startWooGraphQLExample();
  const { auth, cart } = await run('WooGraphQL', server);
  const send = authFetch(cart, { fetch: authFetch(auth) });
  const add = () => operate(send, `${server.origin}/graphql`, 'mutation { addToCart(productId: 7) { itemCount } }');
  expect(await add()).toEqual({ data: { addToCart: { itemCount: 1 } } });
  await signIn(auth);
  const signInRequest = server.requests.at(-1);
  expect(signInRequest?.headers['woocommerce-session']).toBe(`Session ${cart.fresh()?.accessToken}`);
  expect(await add()).toEqual({ data: { addToCart: { itemCount: 2 } } });
  expect(server.requests.at(-1)?.headers).toMatchObject({ authorization: `Bearer ${auth.fresh()?.accessToken}` });
  await auth.signOut();
  expect(await add()).toEqual({ data: { addToCart: { itemCount: 3 } } });
});

test('the program for a wrong password tells it from an outage', async () => {
  const server = await startRestExample();
  const { auth } = await run('REST', server);
  // this program exports a function in place of a manager
  const { logIn } = (await run('A wrong password', server)) as unknown as {
    logIn: (auth: Auth, name: string, pass: string) => Promise<string>;
  };
  expect(await logIn(auth, 'ada', 'wrong')).toContain('password is wrong');
  expect(await logIn(auth, 'ada', exampleUser.password)).toBe('signed in');
  await server[Symbol.asyncDispose]();
  expect(await logIn(auth, 'ada', exampleUser.password)).toContain('later');
});
