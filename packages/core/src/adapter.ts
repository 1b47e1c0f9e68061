// The kit for adapters and providers; applications need index.ts only.

// Before an attempt
export type { AdapterOptions } from './adapter/adapterOptions.ts';
export { addedOptions } from './adapter/addedOptions.ts';
export { allowedOrigins, isFromElsewhere } from './adapter/allowedOrigins.ts';
export { checkAttempt } from './adapter/checkAttempt.ts';
// After its answer
export { closeCodeOf, isNetworkError } from './adapter/failureFacts.ts';
export { isRefusal } from './adapter/isRefusal.ts';
export { decideOnSocket, judgeSocketEnd, type SocketOptions } from './adapter/judgeSocketEnd.ts';
export { isJudged, markJudged } from './adapter/markJudged.ts';
export { hasHeader, mergeHeaders } from './adapter/mergeHeaders.ts';
export {
  type BodyFacts,
  isJson,
  readBody,
  readJson,
  readParsedBody,
  readText,
} from './adapter/readBody.ts';
export { operationKind, readDocument } from './adapter/readDocument.ts';
export { rootFields } from './adapter/rootFields.ts';
export { type WaitForTokensOptions, waitForTokens } from './adapter/waitForTokens.ts';
export { type StreamOptions, waitInstead } from './adapter/waitInstead.ts';
export { warnOnce } from './adapter/warnOnce.ts';
export type { DecideOptions, Decision } from './decide.ts';
export { callbackFailed } from './errors/callbackFailed.ts';
export { inDevelopment, tokenError } from './errors/tokenError.ts';
export type { Attempt } from './manager.ts';
export { callEach } from './session/callEach.ts';
export type { Waiter } from './session/waitingList.ts';
export { createStore } from './store/createStore.ts';
// For stores and providers
export type { Entry, Hold, Place, StoreCall, StoreHost } from './store/place.ts';
export { endAfter, epochOf, isStamp, type Stamp } from './store/stamp.ts';
export { readRecord, type TokenRecord } from './store/tokenRecord.ts';
export { type Challenge, parseChallenges } from './tokens/parseChallenges.ts';
export {
  type AuthServerAnswer,
  authServerError,
  readTokenResponse,
  type TokenResponse,
} from './tokens/readTokens.ts';
export { type CallerHeaders, checkHeaders, type TokenHeaders } from './tokens/requestHeaders.ts';
export { type Dialect, judge, type Verdict } from './verdict/dialect.ts';
export type { ReceivedFacts, Receiver } from './verdict/headerReceiver.ts';
export { type MutationPolicy, mayRetry } from './verdict/mayRetry.ts';
export {
  type AuthChoice,
  type GraphQLErrorLike,
  headerOf,
  headFacts,
  type ReceivedResponse,
  type ResponseFacts,
} from './verdict/responseFacts.ts';
