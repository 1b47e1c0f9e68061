import { useQuery } from '@apollo/client/react';
import type { TokenManager } from '@latchkey/core';
import { meQuery } from './documents.ts';
import { FocusHeading } from './FocusHeading.tsx';
import { sentenceFor } from './sentences.ts';

export function WhoAmI({ auth }: { readonly auth: TokenManager }) {
  const { data, error } = useQuery(meQuery);
  return (
    <div className="who">
      <FocusHeading>Signed in{data?.me && ` as ${data.me.name}`}</FocusHeading>
      <button type="button" className="quiet" onClick={() => void auth.signOut()}>
        Sign out
      </button>
      {error && <p role="alert">{sentenceFor(error)}</p>}
    </div>
  );
}
