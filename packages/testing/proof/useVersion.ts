import { registerHooks } from 'node:module';

const packages = new URL('../node_modules/', import.meta.url);
/** Version 3 of Apollo Client, by the paths where Node finds its files. Nothing of version 4 uses them. */
const pathOfApollo3 = /^@apollo\/client\/(.*index\.js)$/;

/** Has the adapters and their tests find other versions of clients, as `vitest.config.ts` does. Call it before they are imported. */
export function useVersion(client: string): void {
  const urql = client === 'urql5' ? new URL('urql-core-5/', packages) : undefined;
  registerHooks({
    resolve(specifier, context, next) {
      const [, file] = pathOfApollo3.exec(specifier) ?? [];
      if (file) return next(new URL(`apollo-client-3-14/${file}`, packages).href, context);
      if (urql && specifier === '@urql/core') return next(new URL('dist/urql-core.mjs', urql).href, context);
      if (urql && specifier === '@urql/core/package.json') return next(new URL('package.json', urql).href, context);
      return next(specifier, context);
    },
  });
}
