import { afterEach, beforeEach, vi } from 'vitest';
import { storeContract } from './storeContract.ts';
import { tabKind, webStorageKind } from './tabKinds.ts';
import { TabPages } from './tabPages.ts';

let pages: TabPages;
beforeEach(() => {
  pages = new TabPages();
  for (const [name, value] of Object.entries(pages.globals())) vi.stubGlobal(name, value);
});
afterEach(async () => {
  await pages.end();
  vi.unstubAllGlobals();
});

storeContract(tabKind(() => pages));
storeContract(webStorageKind(() => pages));
