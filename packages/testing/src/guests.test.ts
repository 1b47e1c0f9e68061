import { createTokenManager, headerReceiver, type TokenManager } from '@latchkey/core';
import { vendure } from '@latchkey/core/dialects';
import { startVendureExample } from '@latchkey/emulators';
import { describe, expect, test } from 'vitest';
import { apolloAdapter } from './apolloAdapter.ts';
import { errorCode } from './errorCode.ts';
import { fetchAdapter } from './fetchAdapter.ts';
import { urqlAdapter } from './urqlAdapter.ts';

const guests = (): TokenManager =>
  createTokenManager({
    renew: () => null,
    dialect: vendure,
    receive: headerReceiver(headers => headers.get('vendure-auth-token'), { guests: true }),
  });
const add = 'mutation { addItemToOrder(sku: "a") { quantity } }';
const rename = 'mutation { updateCustomer(name: "Ada") { name } }';

describe.for([apolloAdapter, urqlAdapter, fetchAdapter])('B127 a guest, through $name', adapter => {
  test('sends the token that the first answer brought, and keeps the cart', async () => {
    await using server = await startVendureExample();
    const auth = guests();
    const client = adapter.connect(auth, { url: `${server.origin}/shop-api`, dialect: vendure });
    expect(await client.run('{ activeOrder { quantity } }')).toMatchObject({ data: { activeOrder: null } });
    for (const quantity of [1, 2])
      expect(await client.run(add)).toMatchObject({ data: { addItemToOrder: { quantity } } });
    const [first, ...others] = server.requests.map(({ headers }) => headers.authorization);
    expect(first).toBeUndefined();
    expect(new Set(others).size).toBe(1);
    expect(auth.state.status).toBe('signedOut');
  });

  test('gets a refusal as it is, fails where a user is required, and keeps the cart', async () => {
    await using server = await startVendureExample();
    const auth = guests();
    const client = adapter.connect(auth, { url: `${server.origin}/shop-api`, dialect: vendure });
    await client.run(add);
    const token = auth.fresh()?.accessToken;
    expect((await client.run(rename)).error).toBeDefined();
    expect(errorCode(adapter, await client.run(add, { auth: 'required' }))).toBe('signedOut');
    expect(server.requests).toHaveLength(2);
    expect(auth.fresh()?.accessToken).toBe(token);
  });

  test('is not begun by the answer to an operation that is not ours', async () => {
    await using server = await startVendureExample();
    const auth = guests();
    const client = adapter.connect(auth, { url: `${server.origin}/shop-api`, dialect: vendure });
    for (const options of [{ headers: { authorization: 'Bearer of-the-caller' } }, { auth: 'omit' }] as const) {
      await client.run(add, options);
      expect(auth.fresh()).toBeNull();
    }
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer of-the-caller', undefined]);
  });
});
