// The session's life
export { createTokenManager } from './createTokenManager.ts';
// What went wrong
export { type Refusal, TokenError, type TokenErrorCode, type TokenErrorOptions } from './errors/tokenError.ts';
export { keepFresh } from './renewal/keepFresh.ts';
export type { TokenManagerState } from './session/snapshot.ts';
export type { RenewalReason, SignOutReason, TokenEvents } from './session/tokenEvents.ts';
// Where it is kept
export { type KeyValueStorage, type KeyValueStoreOptions, keyValueStore } from './store/keyValueStore.ts';
export type { Store } from './store/sessionStore.ts';
export { type PlainStore, sharedSession } from './store/sharedSession.ts';
export type { Clock } from './time/clock.ts';
export type { TokenManager } from './tokenManager.ts';
export type { RenewContext, SignInContext, TokenManagerOptions } from './tokenManagerOptions.ts';
// What an auth server answers
export { readTokens } from './tokens/readTokens.ts';
export type { TokenHeaders } from './tokens/requestHeaders.ts';
export type { TokenParts, TokenSet } from './tokens/tokenSet.ts';
// What an API answers
export { type Dialect, defaultDialect, type Verdict } from './verdict/dialect.ts';
export { headerReceiver } from './verdict/headerReceiver.ts';
