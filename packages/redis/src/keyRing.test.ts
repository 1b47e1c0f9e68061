import { expect, test } from 'vitest';
import { KeyRing } from './keyRing.ts';

const keyOf = (id: string, byte = id.charCodeAt(0)) => ({ id, key: new Uint8Array(32).fill(byte) });
const ring = (...ids: string[]) => new KeyRing(ids.map(id => keyOf(id)));
const secret = '{"accessToken":"secret"}';

test('B68 SEC-16 what is sealed shows the id of its key and nothing else, and differs each time', async () => {
  const [one, other] = [await ring('new').seal(secret, 'name'), await ring('new').seal(secret, 'name')];
  expect(one).toMatch(/^v1\.new\.[\w-]{16}\.[\w-]+$/);
  expect(Buffer.from(one.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('secret');
  expect(one).not.toBe(other);
});

test('B68 the first key seals, and all keys open', async () => {
  const old = await ring('old').seal(secret, 'name');
  const both = ring('new', 'old');
  expect(await both.open(old, 'name')).toBe(secret);
  expect(await both.seal(secret, 'name')).toMatch(/^v1\.new\./);
});

test('B45 B68 what was sealed under another name or stamp, was changed, or was never sealed does not open', async () => {
  const keys = ring('new');
  const sealed = await keys.seal(secret, 'name 1');
  const changed = sealed.slice(0, -6) + (sealed.at(-6) === 'A' ? 'B' : 'A') + sealed.slice(-5);
  expect(await keys.open(sealed, 'name 2')).toBeUndefined();
  expect(await keys.open(changed, 'name 1')).toBeUndefined();
  expect(await keys.open(secret, 'name 1')).toBeUndefined();
  expect(await new KeyRing([keyOf('new', 7)]).open(sealed, 'name 1')).toBeUndefined();
});

test('B45 B68 an unknown key is a failure that names its id', async () => {
  const sealed = await ring('new').seal(secret, 'name');
  await expect(ring('old').open(sealed, 'name')).rejects.toMatchObject({
    code: 'unavailable',
    message: 'The record is sealed with the key new, which is not in option keys.',
  });
});

test('B68 a key that its owner overwrites is kept', async () => {
  const own = keyOf('new');
  const keys = new KeyRing([own]);
  const sealed = await ring('new').seal(secret, 'name');
  own.key.fill(0);
  expect(await keys.open(sealed, 'name')).toBe(secret);
});
