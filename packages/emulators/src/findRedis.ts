import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const name = 'redis-server';

/** The path of redis-server, from `REDIS_SERVER` or the PATH. `undefined`: there is none; in CI that is an error. */
export function findRedis(): string | undefined {
  const { REDIS_SERVER, PATH = '', CI } = process.env;
  const paths = REDIS_SERVER ? [REDIS_SERVER] : PATH.split(delimiter).map(folder => join(folder, name));
  const found = paths.find(path => existsSync(path));
  if (!found && CI) throw new Error('redis-server was not found: install it, or set REDIS_SERVER to its path.');
  return found;
}
