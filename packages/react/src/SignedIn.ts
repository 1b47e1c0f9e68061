import { type ReactNode, useEffect, useState } from 'react';
import { useAuthState } from './useAuthState.ts';

export interface SessionViewProps {
  readonly children?: ReactNode;
  readonly fallback?: ReactNode;
}

/**
 * Shows its children while somebody is signed in, made anew for each session: neither the rows nor the component state of the
 * user before are left. `fallback`: where nobody is. While it is not known, it shows nothing.
 */
export function SignedIn({ children, fallback }: SessionViewProps): ReactNode {
  const { status, sessionId } = useAuthState();
  const [shown, setShown] = useState(sessionId);
  useEffect(() => setShown(sessionId), [sessionId]);
  // One commit without children: a key alone would leave the rows of the user before, hidden, where a boundary above suspends.
  if (shown && shown !== sessionId) return null;
  if (status === 'signedIn') return children;
  return status === 'signedOut' ? fallback : null;
}

/** Shows its children where nobody is signed in. `fallback`: where somebody is, made anew for each session. */
export function SignedOut({ children, fallback }: SessionViewProps): ReactNode {
  return SignedIn({ children: fallback, fallback: children });
}

/** Shows its children until it is known whether somebody is signed in. `fallback`: where the auth server could not be asked. */
export function Restoring({ children, fallback }: SessionViewProps): ReactNode {
  const { status, error } = useAuthState();
  if (status !== 'unknown') return null;
  return error ? fallback : children;
}
