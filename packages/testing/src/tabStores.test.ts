import { afterEach, beforeEach, vi } from 'vitest';
import { StorageTestPlace } from './storageTestPlace.ts';
import { storeContract } from './storeContract.ts';
import type { StoreKind } from './storeKind.ts';
import { TabPages } from './tabPages.ts';
import { TabTestPlace } from './tabTestPlace.ts';

let pages: TabPages;
beforeEach(() => {
  pages = new TabPages();
  for (const [name, value] of Object.entries(pages.globals())) vi.stubGlobal(name, value);
});
afterEach(async () => {
  pages.window.dispatchEvent(new Event('end'));
  await pages.settled();
  vi.unstubAllGlobals();
});

const ofTabs = {
  hasLock: true,
  takesOver: true,
  notifies: true,
  connects: false,
  doubts: true,
  shows: ['save', 'release', 'close'],
} as const;

const kinds: readonly StoreKind[] = [
  {
    ...ofTabs,
    name: 'tabStore',
    create: () => new TabTestPlace(pages),
    answersAtOnce: false,
    isAtomic: false,
    mayLoseData: true,
    canBreak: false,
    livesInPages: true,
    hasCookie: true,
  },
  {
    ...ofTabs,
    name: 'webStorageStore',
    create: () => new StorageTestPlace(pages),
    answersAtOnce: true,
    isAtomic: true,
    mayLoseData: false,
    canBreak: true,
    keepsLock: true,
  },
];

for (const kind of kinds) storeContract(kind);
