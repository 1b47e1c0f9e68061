import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RefusalShape } from './refusals.ts';
import { eventsIn, postForm, sendOperation } from './sendOperation.ts';
import { type Oli, startOli } from './startOli.ts';

let server: Oli;
let token: string;
beforeEach(async () => {
  server = await startOli();
  const { username, password } = server.users[0];
  const form = { username, password, grant_type: 'password', client_id: 'apiclient' };
  ({ access_token: token } = (await postForm(server.tokenUrl, form)).json as { access_token: string });
  server.expireNow();
});
afterEach(() => server.close());

const unauthenticated = { errors: [{ message: 'Unauthenticated', extensions: { code: 'UNAUTHENTICATED' } }] };

const shapes: readonly [Exclude<RefusalShape, 'native' | 'resolver200'>, number, string | null, unknown][] = [
  ['challenge401', 401, 'application/json', { error: 'invalid_token', error_description: 'Token is not active' }],
  ['graphqlResponse401', 401, 'application/graphql-response+json', unauthenticated],
  ['code200', 200, 'application/json', unauthenticated],
  ['message200', 200, 'application/json', { errors: [{ message: 'Unauthorized' }] }],
  ['text401', 401, 'text/plain', 'Unauthorized'],
  ['empty401', 401, null, ''],
  ['html401', 401, 'text/html', expect.stringContaining('<h1>Authorization Required</h1>')],
  ['status500code', 500, 'application/json', unauthenticated],
];

describe.each(shapes)('%s', (shape, status, contentType, body) => {
  test('refuses, and executes nothing', async () => {
    server.refuseAs(shape);
    const reply = await sendOperation(server.url, 'mutation { bump }', token);
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type'] ?? null).toBe(contentType);
    expect(reply.json ?? reply.body).toEqual(body);
    expect(server.stats()).toMatchObject({
      operations: { received: 1, refused: 1, executed: 0 },
      mutationsExecuted: 0,
    });
  });
});

describe('resolver200', () => {
  test('nulls each root field at its path, and executes nothing', async () => {
    server.refuseAs('resolver200');
    const reply = await sendOperation(server.url, 'mutation { bump more: addItem(title: "x") { id } }', token);
    expect(reply).toMatchObject({
      status: 200,
      json: {
        data: { bump: null, more: null },
        errors: [
          { message: 'Unauthorized', path: ['bump'], extensions: { code: 'UNAUTHENTICATED' } },
          { message: 'Unauthorized', path: ['more'], extensions: { code: 'UNAUTHENTICATED' } },
        ],
      },
    });
    expect(server.stats()).toMatchObject({
      operations: { received: 1, refused: 1, executed: 0 },
      mutationsExecuted: 0,
    });
  });

  test('answers fields that need no token', async () => {
    server.refuseAs('resolver200');
    const reply = await sendOperation(server.url, '{ me { id } items { id } public { motd } }', token);
    expect(reply.json).toMatchObject({ data: { me: null, items: null, public: { motd: 'The harbour is open.' } } });
  });

  test('refuses a subscription by an event of its stream', async () => {
    server.refuseAs('resolver200');
    const headers = { accept: 'text/event-stream' };
    const reply = await sendOperation(server.url, 'subscription { ticks { n } }', token, { headers });
    expect(eventsIn(reply)).toMatchObject([{ errors: [{ path: ['ticks'], extensions: { code: 'UNAUTHENTICATED' } }] }]);
  });
});

test('a batch is refused as a whole; a shape with results has one for each operation', async () => {
  const batch = async () => {
    const body = JSON.stringify([{ query: '{ me { id } }' }, { query: '{ items { id } }' }]);
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    return (await fetch(server.url, { method: 'POST', headers, body })).json();
  };
  expect(await batch()).toMatchObject({ error: 'invalid_token' });
  server.refuseAs('code200');
  expect(await batch()).toEqual([unauthenticated, unauthenticated]);
  expect(server.stats().operations).toEqual({ received: 4, refused: 4, executed: 0 });
});

test('native restores the shape of the API', async () => {
  server.refuseAs('text401');
  server.refuseAs('native');
  expect((await sendOperation(server.url, '{ me { id } }', token)).headers).toHaveProperty('www-authenticate');
});
