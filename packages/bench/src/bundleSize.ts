import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/** What an application pays for an import: everything of it that it does not have anyway, minified. */
export async function bundleOf(statement: string, external: readonly string[]): Promise<string> {
  const entry = 'entry';
  const bundle = await rolldown({
    input: entry,
    cwd: import.meta.dirname,
    platform: 'browser',
    external: id => external.some(name => id === name || id.startsWith(`${name}/`)),
    plugins: [
      {
        name: 'entry',
        resolveId: id => (id === entry ? `${import.meta.dirname}/${entry}.js` : undefined),
        load: id => (id.endsWith(`/${entry}.js`) ? statement : undefined),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  return output[0].code;
}

/** Minified, gzipped at level 9. */
export async function bundleSize(statement: string, external: readonly string[]): Promise<number> {
  return gzipSync(await bundleOf(statement, external), { level: 9 }).length;
}
