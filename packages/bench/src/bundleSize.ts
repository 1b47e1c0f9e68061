import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/** The production build of a program: everything it imports but the `external` packages, minified. */
export async function bundleOf(program: string, external: readonly string[]): Promise<string> {
  const entry = 'entry';
  const bundle = await rolldown({
    input: entry,
    cwd: import.meta.dirname,
    platform: 'browser',
    checks: { moduleLevelDirective: false },
    external: id => external.some(name => id === name || id.startsWith(`${name}/`)),
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    plugins: [
      {
        name: 'entry',
        resolveId: id => (id === entry ? `${import.meta.dirname}/${entry}.js` : undefined),
        load: id => (id.endsWith(`/${entry}.js`) ? program : undefined),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  return output[0].code;
}

/** The bytes of the production build, gzipped at level 9. */
export async function bundleSize(program: string, external: readonly string[]): Promise<number> {
  return gzipSync(await bundleOf(program, external), { level: 9 }).length;
}
