// The session's life

// What adapters share
export type { AdapterOptions, AuthChoice } from './adapterOptions.ts';
export { type AttemptFacts, checkAttempt } from './checkAttempt.ts';
export type { Clock } from './clock.ts';
export { createTokenManager } from './createTokenManager.ts';
// What an API answers
export {
  type Dialect,
  defaultDialect,
  judge,
  type Verdict,
} from './dialect.ts';
export type { TokenManagerState } from './managerState.ts';
export { mayHaveToken } from './mayHaveToken.ts';
export { type MutationPolicy, mayRepeat } from './mayRepeat.ts';
// Where it is kept
export { memoryStore } from './memoryStore.ts';
export { type CallerHeaders, hasHeader, mergeHeaders, wouldLeak } from './mergeHeaders.ts';
export { type Challenge, parseChallenges } from './parseChallenges.ts';
export { type BodyFacts, readBody } from './readBody.ts';
// What an auth server answers
export {
  type AuthServerRefusal,
  authServerError,
  checkTokenType,
  readTokens,
} from './readTokens.ts';
export { type GraphQLErrorLike, headFacts, type ReceivedResponse, type ResponseFacts } from './responseFacts.ts';
export { rootFields } from './rootFields.ts';
export type { Settle, SettleOptions } from './settle.ts';
export {
  type Refusal,
  TokenError,
  type TokenErrorCode,
  type TokenErrorOptions,
} from './tokenError.ts';
export type {
  RenewalReason,
  SignOutReason,
  TokenEvents,
} from './tokenEvents.ts';
export type { TokenManager } from './tokenManager.ts';
export type {
  RenewContext,
  TokenManagerOptions,
} from './tokenManagerOptions.ts';
export {
  type TokenAnswer,
  type TokenHeaders,
  type TokenParts,
  TokenSet,
} from './tokenSet.ts';
export type { TokenRecord, TokenStore } from './tokenStore.ts';
export { warnOnce } from './warnOnce.ts';
