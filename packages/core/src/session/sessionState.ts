import { overdue, type Schedule } from '../tokens/schedule.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';

export interface SignedIn {
  readonly status: 'signedIn';
  readonly tokens: TokenSet;
  readonly schedule: Schedule;
  /** Whether `credentials` may be called: not after a sign-out, until the user signs in. */
  readonly maySignIn: boolean;
  /** While operations wait: the schedule to return to. */
  readonly scheduleBefore?: Schedule | undefined;
  /** Why they wait: the token set was refused and is being renewed; memory may be old. Neither: they do not. */
  readonly isRefused?: boolean;
  readonly isDoubted?: boolean;
}

/** What is known of the session. `fresh()`, the public snapshot and `keepFresh` are read from it. */
export type SessionState =
  /** The store has not answered. */
  | { readonly status: 'loading'; readonly maySignIn: boolean; readonly tokens?: undefined }
  /** Nothing is stored; `renew` is called without a token set. */
  | { readonly status: 'restoring'; readonly maySignIn: boolean; readonly tokens?: undefined }
  | { readonly status: 'signedOut'; readonly maySignIn: boolean; readonly tokens?: undefined }
  | SignedIn
  | { readonly status: 'disposed'; readonly maySignIn: false; readonly tokens?: undefined };

export type SessionEvent =
  /** The store held a session, or one begins. */
  | {
      readonly type: 'loaded' | 'signedIn';
      readonly tokens: TokenSet;
      readonly schedule: Schedule;
      readonly maySignIn: boolean;
    }
  | { readonly type: 'renewed'; readonly tokens: TokenSet; readonly schedule: Schedule }
  /** The token set was refused, and its successor is being renewed. */
  | { readonly type: 'refused' }
  /** A renewal has ended without a successor. */
  | { readonly type: 'kept' }
  /** Memory may be old: operations wait until the store has been asked; then it is certain. */
  | { readonly type: 'doubted' | 'certain' }
  | { readonly type: 'restoring' }
  | { readonly type: 'signedOut'; readonly maySignIn: boolean }
  | { readonly type: 'disposed' };

/** The next state; the same object where nothing changes. Pure. */
export function transition(state: SessionState, event: SessionEvent): SessionState {
  if (state.status === 'disposed') return state;
  const { maySignIn } = state;
  switch (event.type) {
    case 'loaded':
    case 'signedIn':
      return { status: 'signedIn', tokens: event.tokens, schedule: event.schedule, maySignIn: event.maySignIn };
    case 'renewed':
      return state.tokens?.sessionId === event.tokens.sessionId
        ? { status: 'signedIn', tokens: event.tokens, schedule: event.schedule, maySignIn }
        : state;
    case 'refused':
      return state.tokens && !state.isRefused ? waiting(state, true, state.isDoubted) : state;
    case 'kept':
      return state.tokens && state.isRefused ? waiting(state, false, state.isDoubted) : state;
    case 'doubted':
      return state.tokens ? waiting(state, state.isRefused, true) : { status: 'loading', maySignIn };
    case 'certain':
      if (state.tokens) return state.isDoubted ? waiting(state, state.isRefused, false) : state;
      return state.status === 'loading' ? { status: 'signedOut', maySignIn } : state;
    case 'restoring':
      return { status: 'restoring', maySignIn };
    case 'signedOut':
      return { status: 'signedOut', maySignIn: event.maySignIn };
    case 'disposed':
      return { status: 'disposed', maySignIn: false };
  }
}

/** Whether operations wait, and why. */
function waiting(state: SignedIn, isRefused = false, isDoubted = false): SignedIn {
  const { status, tokens, maySignIn, schedule, scheduleBefore = schedule } = state;
  if (!isRefused && !isDoubted) return { status, tokens, maySignIn, schedule: scheduleBefore };
  return { status, tokens, maySignIn, schedule: overdue, scheduleBefore, isRefused, isDoubted };
}
