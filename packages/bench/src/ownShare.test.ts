import { expect, test } from 'vitest';
import { bundleOf, bundleSize } from './bundleSize.ts';
import { ownShare } from './ownShare.ts';

const sockets = { package: '@latchkey/graphql-ws', name: 'createAuthClient' };
const external = ['graphql', 'graphql-ws'];

test('the share of an adapter is its code without the core, and not less', async () => {
  const share = await ownShare(sockets, external);
  const alone = "export { createAuthClient } from '@latchkey/graphql-ws';";
  const withoutCore = [...external, '@latchkey/core'];
  expect(share).toBeLessThanOrEqual(await bundleSize(alone, withoutCore));
  expect(share).toBeGreaterThan((await bundleOf(alone, withoutCore)).length / 4);
});
