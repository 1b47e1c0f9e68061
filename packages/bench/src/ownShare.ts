import { bundleOf, bundleSize } from './bundleSize.ts';
import type { Adapter } from './programOf.ts';

/** The imports of a bundle, as it may be minified: names, and the package. */
const imports = /import\s*\{([^}]*)\}\s*from\s*["'`](@latchkey\/core[^"'`]*)["'`]/g;
const nameOf = (imported: string) => imported.trim().split(' as ')[0] ?? '';

/** The bytes that an adapter adds to a program that has the core and the part of its kit that the adapter uses, gzipped. */
export async function ownShare({ package: from, name }: Adapter, external: readonly string[]): Promise<number> {
  const adapter = `export { ${name} } from '${from}';`;
  const code = await bundleOf(adapter, [...external, '@latchkey/core']);
  const uses = [...code.matchAll(imports)].map(
    ([, names = '', entry = '']) => `export { ${names.split(',').map(nameOf).join(', ')} } from '${entry}';`,
  );
  const base = `export { createTokenManager, readTokens } from '@latchkey/core'; ${uses.join(' ')}`;
  return (await bundleSize(`${base} ${adapter}`, external)) - (await bundleSize(base, external));
}
