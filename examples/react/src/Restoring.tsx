import type { TokenManager } from '@latchkey/core';
import { signInSentenceFor } from './sentences.ts';
import { useAuthState } from './useAuthState.ts';

/** Shown after a reload, until the auth server has answered whether there is a session. */
export function Restoring({ auth }: { readonly auth: TokenManager }) {
  const { error, renewing } = useAuthState(auth);
  if (!error || renewing) return <p aria-busy="true">Looking for your session…</p>;
  return (
    <article>
      <p role="alert">{signInSentenceFor(error)}</p>
      <button type="button" onClick={() => void auth.get().catch(() => {})}>
        Try again
      </button>
    </article>
  );
}
