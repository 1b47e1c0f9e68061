// The session's life

// What adapters share
export type { AdapterOptions, AuthChoice } from './adapter/adapterOptions.ts';
export { mayHaveToken } from './adapter/allowedOrigins.ts';
export { type AttemptFacts, checkAttempt } from './adapter/checkAttempt.ts';
export { type CallerHeaders, hasHeader, mergeHeaders, wouldLeak } from './adapter/mergeHeaders.ts';
export { type BodyFacts, readBody } from './adapter/readBody.ts';
export { rootFields } from './adapter/rootFields.ts';
export { warnOnce } from './adapter/warnOnce.ts';
export { createTokenManager } from './createTokenManager.ts';
export {
  type Refusal,
  TokenError,
  type TokenErrorCode,
  type TokenErrorOptions,
} from './errors/tokenError.ts';
export type { TokenManagerState } from './session/snapshot.ts';
export type {
  RenewalReason,
  SignOutReason,
  TokenEvents,
} from './session/tokenEvents.ts';
// Where it is kept
export { memoryStore } from './store/memoryStore.ts';
export type { TokenRecord, TokenStore } from './store/tokenStore.ts';
export type { Clock } from './time/clock.ts';
export type { TokenManager } from './tokenManager.ts';
export type {
  RenewContext,
  TokenManagerOptions,
} from './tokenManagerOptions.ts';
// What an auth server answers
export {
  type AuthServerRefusal,
  authServerError,
  readTokenResponse,
  readTokens,
  type TokenResponse,
} from './tokens/readTokens.ts';
export { checkHeaders } from './tokens/requestHeaders.ts';
export {
  type TokenAnswer,
  type TokenHeaders,
  type TokenParts,
  TokenSet,
} from './tokens/tokenSet.ts';
export type { Settle, SettleOptions } from './verdict/decide.ts';
// What an API answers
export {
  type Dialect,
  defaultDialect,
  judge,
  type Verdict,
} from './verdict/dialect.ts';
export { type MutationPolicy, mayRepeat } from './verdict/mayRetry.ts';
export { type Challenge, parseChallenges } from './verdict/parseChallenges.ts';
export {
  type GraphQLErrorLike,
  headFacts,
  type ReceivedResponse,
  type ResponseFacts,
} from './verdict/responseFacts.ts';
