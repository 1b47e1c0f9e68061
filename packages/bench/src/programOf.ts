export interface Adapter {
  readonly package: string;
  readonly name: string;
}

/** The one place that states how a store is imported and passed to the manager. */
const store = {
  imports: "import { keyValueStore } from '@latchkey/core';",
  option: "store: keyValueStore('session', localStorage),",
};

/** A whole program that stays signed in with one adapter, and a store where `hasStore` is true. */
export function programOf({ package: from, name }: Adapter, hasStore = false): string {
  return `
import { createTokenManager, readTokens } from '@latchkey/core';
import { ${name} } from '${from}';
${hasStore ? store.imports : ''}
const auth = createTokenManager({
  renew: ({ signal }) => fetch('/refresh', { method: 'POST', credentials: 'include', signal }).then(readTokens),
  ${hasStore ? store.option : ''}
});
export const adapter = ${name}(auth);
`;
}
