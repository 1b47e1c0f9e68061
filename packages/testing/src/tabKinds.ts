import { StorageTestPlace } from './storageTestPlace.ts';
import type { StoreKind } from './storeKind.ts';
import type { TabPages } from './tabPages.ts';
import { TabTestPlace } from './tabTestPlace.ts';

const ofTabs = {
  hasLock: true,
  takesOver: true,
  notifies: true,
  connects: false,
  doubts: true,
  shows: ['save', 'release', 'close'],
} as const;

export const tabKind = (pages: () => TabPages): StoreKind => ({
  ...ofTabs,
  name: 'tabStore',
  create: () => new TabTestPlace(pages()),
  answersAtOnce: false,
  isAtomic: false,
  mayLoseData: true,
  canBreak: false,
  livesInPages: true,
  hasCookie: true,
});

export const webStorageKind = (pages: () => TabPages): StoreKind => ({
  ...ofTabs,
  name: 'webStorageStore',
  create: () => new StorageTestPlace(pages()),
  answersAtOnce: true,
  isAtomic: true,
  mayLoseData: false,
  canBreak: true,
  keepsLock: true,
});
