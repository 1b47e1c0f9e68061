// The session as state
export { AuthProvider, type AuthProviderProps } from './AuthProvider.ts';
export { Restoring, type SessionViewProps, SignedIn, SignedOut } from './SignedIn.ts';
export { type Auth, useAuth } from './useAuth.ts';
export { useAuthState } from './useAuthState.ts';
// Its GraphQL client
export { useClientOfSession } from './useClientOfSession.ts';
