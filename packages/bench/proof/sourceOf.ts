/**
 * The source of an entry point of Latchkey, from the `packages` folder: `@latchkey/core` is `core/src/index.ts`,
 * `@latchkey/core/dialects` the file or the folder of that name in `core/src`.
 *
 * @returns `undefined` for any other module
 */
export function sourceOf(specifier: string, exists: (path: string) => boolean): string | undefined {
  const [, name, entry = 'index'] = /^@latchkey\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  return [`${name}/src/${entry}.ts`, `${name}/src/${entry}/index.ts`].find(exists);
}
