import { TokenError, type TokenManager } from '@latchkey/core';
import { inDevelopment } from '@latchkey/core/adapter';
import { type Context, createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react';

export interface AuthProviderProps {
  readonly auth: TokenManager;
  readonly children?: ReactNode;
}

const AuthContext: Context<TokenManager | undefined> = createContext<TokenManager | undefined>(undefined);

/** Gives the token manager to `useAuth`, `useAuthState`, `SignedIn`, `SignedOut` and `Restoring` below it. */
export function AuthProvider({ auth, children }: AuthProviderProps): ReactElement {
  return createElement(AuthContext.Provider, { value: auth }, children);
}

/** @throws TokenError `misconfigured` when no manager is given and no provider is above */
export function useManager(given?: TokenManager): TokenManager {
  const provided = useContext(AuthContext);
  const auth = given ?? provided;
  if (auth) return auth;
  throw new TokenError(
    'misconfigured',
    inDevelopment(
      () =>
        process.env.NODE_ENV !== 'production' &&
        'This component is not inside an AuthProvider. Wrap it in <AuthProvider auth={auth}>, or call useAuthState(auth).',
    ) ?? 'AuthProvider is missing.',
  );
}
