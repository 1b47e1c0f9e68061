import { findRedis } from '@latchkey/emulators';
import { afterEach, beforeEach, describe, test } from 'vitest';
import { type ClientKind, clientKinds, Scene } from './scene.ts';

const hasRedis = findRedis() !== undefined;
if (!hasRedis)
  process.stdout.write('redis-server was not found: set REDIS_SERVER to run the tests on Redis. They are skipped.\n');

/** Tests with each of the two clients, each in a new Redis. */
export function onRedis(
  name: string,
  tests: (kind: ClientKind, scene: () => Scene) => void,
  args: readonly string[] = [],
): void {
  if (!hasRedis) {
    test.skip(name, () => {});
    return;
  }
  describe.each(clientKinds)(`${name}, with a client of %s`, kind => {
    let scene: Scene;
    beforeEach(async () => {
      scene = await Scene.open(args);
    });
    afterEach(() => scene.close());
    tests(kind, () => scene);
  });
}
