import { join } from 'node:path';
import { build } from 'esbuild-wasm';
import { expect, test } from 'vitest';
import { root } from './trackedFiles.ts';

/** A message or a code of one row, by its name. */
const marks = {
  saleor: 'ExpiredSignatureError',
  mercuriusAuth: 'Failed auth policy check on',
  djangoGraphQLJwt: 'ungültiger token',
  vendure: 'vendure-auth-token',
  springGraphQL: 'classification',
};
type Marked = keyof typeof marks;

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root, 'packages/testing') },
    bundle: true,
    write: false,
    format: 'esm',
    charset: 'utf8',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

const marksIn = (code: string) => (Object.keys(marks) as Marked[]).filter(name => code.includes(marks[name]));

test('every mark is in a bundle with all dialects', async () => {
  const code = await bundle("export * from '@latchkey/core/dialects';");
  expect(marksIn(code)).toEqual(Object.keys(marks));
});

/** A row of each file, and one that is the default dialect itself. */
test.each(['vendure', 'graphqlShield', 'djangoGraphQLJwt', 'apolloServer'])(
  'esbuild takes the dialect %s, and no other',
  async name => {
    const code = await bundle(`export { ${name} } from '@latchkey/core/dialects';`);
    expect(marksIn(code).filter(mark => mark !== name)).toEqual([]);
  },
);
