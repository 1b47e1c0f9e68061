import type { TokenError, TokenManager, TokenManagerState, TokenParts } from '@latchkey/core';
import { useMemo, useState } from 'react';
import { useManager } from './AuthProvider.ts';
import { useAuthState } from './useAuthState.ts';

/** The session and what a user does with it. A promise that nobody waits for may reject: `error` says why. */
export interface Auth<Credentials = unknown, Answer extends TokenParts = TokenParts> {
  readonly auth: TokenManager<Credentials, Answer>;
  readonly state: TokenManagerState;
  /** Whether it is not known yet if somebody is signed in; `false` once the auth server could not be asked. */
  readonly isRestoring: boolean;
  readonly isSignedIn: boolean;
  /** Why the last act of this component failed, until the state changes; otherwise `state.error`. */
  readonly error: TokenError | undefined;
  /** Resolves to what the auth server answers next to the tokens. @throws TokenError as `auth.signIn` */
  readonly signIn: (credentials: Credentials) => Promise<Omit<Answer, keyof TokenParts>>;
  readonly signOut: () => Promise<void>;
  /** Asks the auth server again whether somebody is signed in. @throws TokenError as `auth.restore` */
  readonly restore: () => Promise<void>;
}

interface Failure {
  readonly error: TokenError;
  /** While it failed. */
  readonly state: TokenManagerState;
}

/**
 * The session of the `AuthProvider` above, with sign-in and sign-out.
 *
 * @throws TokenError `misconfigured` when there is no `AuthProvider`
 */
export function useAuth<Credentials = unknown, Answer extends TokenParts = TokenParts>(): Auth<Credentials, Answer> {
  // a context has one type, and only the caller knows its manager's credentials
  const auth = useManager() as unknown as TokenManager<Credentials, Answer>;
  const state = useAuthState();
  const [failure, setFailure] = useState<Failure>();
  const acts = useMemo(() => actsOf(auth, setFailure), [auth]);
  return {
    auth,
    state,
    isRestoring: state.status === 'unknown' && !state.error,
    isSignedIn: state.status === 'signedIn',
    error: failure?.state === state ? failure.error : state.error,
    ...acts,
  };
}

/** The same functions in each render, so that an effect may depend on them. */
function actsOf<Credentials, Answer extends TokenParts>(
  auth: TokenManager<Credentials, Answer>,
  setFailure: (failure: Failure | undefined) => void,
): Pick<Auth<Credentials, Answer>, 'signIn' | 'signOut' | 'restore'> {
  const act = <T>(result: Promise<T>): Promise<T> => {
    setFailure(undefined);
    result.catch((error: TokenError) => {
      if (error.code !== 'aborted') setFailure({ error, state: auth.state }); // another act has superseded it
    });
    return result;
  };
  return {
    signIn: credentials => act(auth.signIn(credentials)),
    signOut: () => act(auth.signOut()),
    restore: () => act(auth.restore().then(() => {})),
  };
}
