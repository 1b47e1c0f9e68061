import { useQuery } from '@apollo/client/react';
import { useEffect, useState } from 'react';
import type { Api } from './apis.ts';
import { meQuery } from './documents.ts';
import { FocusHeading } from './FocusHeading.tsx';
import { sentenceFor } from './sentences.ts';

export function WhoAmI({ api: { auth, userUrl } }: { readonly api: Api }) {
  const { data, error } = useQuery(meQuery);
  const appUser = useAppUser(userUrl);
  const name = userUrl ? appUser : data?.me?.name;
  return (
    <div className="who">
      <FocusHeading>Signed in{name && ` as ${name}`}</FocusHeading>
      <button type="button" className="quiet" onClick={() => void auth.signOut()}>
        Sign out
      </button>
      {error && <p role="alert">{sentenceFor(error)}</p>}
    </div>
  );
}

/** The name of the user, where only the app knows it. */
function useAppUser(url: string | undefined): string | undefined {
  const [name, setName] = useState<string>();
  useEffect(() => {
    if (!url) return undefined;
    const unmounted = new AbortController();
    fetch(url, { signal: unmounted.signal })
      .then(response => (response.ok ? response.json() : {}))
      .then(
        (user: { readonly name?: string }) => setName(user.name),
        () => {},
      );
    return () => unmounted.abort();
  }, [url]);
  return name;
}
