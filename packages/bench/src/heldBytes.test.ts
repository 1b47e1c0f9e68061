import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test, vi } from 'vitest';
import { acceptedToken, type StubServer } from './createStubServer.ts';
import { heldBytes } from './heldBytes.ts';
import type { Chain, Match } from './match.ts';

/** Eight bytes each; a copy of the array has no spare room. */
const numbers: readonly number[] = Array.from({ length: 128 }, () => 0.5);
const bytesOfNumbers = numbers.length * 8;

function holdingChain(server: StubServer, token: string): Chain {
  return {
    prepare: count => async () => {
      const waiting: number[][] = [];
      const isRefused = () => new Promise<boolean>(resolve => server.handle(`Bearer ${token}`, resolve));
      await Promise.all(
        Array.from({ length: count }, async () => {
          if (await isRefused()) waiting.push(numbers.slice());
        }),
      );
      await server.renew();
      for (let retry = 0; retry < waiting.length; retry++) server.handle(`Bearer ${acceptedToken}`, () => {});
    },
  };
}

const side = async (server: StubServer, token: string) => holdingChain(server, token);
const match: Match = {
  adapter: 'x',
  peerName: 'y',
  bare: server => side(server, ''),
  ours: side,
  peer: side,
  floor: side,
};

afterEach(() => vi.unstubAllGlobals());

test('the heap that waiting operations hold is measured for each of them', async () => {
  setFlagsFromString('--expose-gc');
  vi.stubGlobal('gc', runInNewContext('gc'));
  const bytes = await heldBytes(match, 'ours', 10_000);
  expect(bytes).toBeGreaterThan(bytesOfNumbers);
  expect(bytes).toBeLessThan(bytesOfNumbers * 1.5);
});

test('a chain whose operations were not all refused fails the run', async () => {
  vi.stubGlobal('gc', () => {});
  const accepting: Match = { ...match, ours: async server => holdingChain(server, acceptedToken) };
  await expect(heldBytes(accepting, 'ours', 10)).rejects.toThrow('x: not every operation waits.');
});

test('without --expose-gc nothing is measured', async () => {
  vi.stubGlobal('gc', undefined);
  await expect(heldBytes(match, 'ours', 10)).rejects.toThrow('--expose-gc');
});
