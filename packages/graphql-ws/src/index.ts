export type { AuthClientOptions } from './authClientOptions.ts';
export { createAuthClient } from './createAuthClient.ts';
export { forwardSubscription } from './forwardSubscription.ts';
