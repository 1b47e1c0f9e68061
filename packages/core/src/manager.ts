import type { Session } from './session/session.ts';
import type { Waiter, WaitingList } from './session/waitingList.ts';
import type { SessionStore } from './store/sessionStore.ts';
import type { TokenManagerOptions } from './tokenManagerOptions.ts';
import type { TokenSet } from './tokens/tokenSet.ts';
import type { RefusalHistory } from './verdict/renewalGuard.ts';
import type { ResponseFacts } from './verdict/responseFacts.ts';

/** One attempt of an operation: the facts of its answer, and what is called when its wait has ended. */
export interface Attempt extends ResponseFacts, Waiter<TokenSet> {}

/** The attempts that were refused with a token set, and wait for its successor. */
export interface Refused {
  readonly tokens: TokenSet;
  readonly list: WaitingList<Attempt>;
}

/** Those who wait for a token set since the same epoch. */
export interface Waiting {
  readonly epoch: number;
  /** How often the user had signed out when they began to wait. */
  readonly signOuts: number;
  /** The token set whose successor they wait for; `undefined`: there was none. */
  readonly tokens: TokenSet | undefined;
  readonly list: WaitingList<Waiter<TokenSet | null>>;
}

/** What the parts of one token manager share. */
export interface Manager {
  readonly options: TokenManagerOptions<never>;
  readonly session: Session;
  /** Absent without the option `store`: the memory is the state. */
  readonly store: SessionStore | undefined;
  /** `false`: the token set is used as it is. */
  readonly renews: boolean;
  /** Ends a token request. */
  readonly requestTimeoutMs: number;
  /** Aborts at `dispose`: ends the sign-ins and revocations. */
  readonly closing: AbortController;
  /** The token set whose renewal was rejected: its refresh token is not sent again. */
  rejected?: TokenSet | undefined;
  waiting?: Waiting;
  /** Errors that an adapter has judged and delivered. */
  judged?: WeakSet<object>;
  /** By token set. */
  readonly refused: Map<TokenSet, Refused>;
  readonly refusals: RefusalHistory;
  /** Raised by each sign-in and sign-out: the answer to an earlier sign-in is superseded. */
  userActs: number;
  /** Raised by each sign-out. */
  signOuts: number;
}
