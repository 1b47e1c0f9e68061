export { tabStore } from './tabStore.ts';
export type { TabStoreOptions } from './tabStoreOptions.ts';
export { webStorageStore } from './webStorageStore.ts';
