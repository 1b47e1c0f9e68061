import type { TokenManager } from '@latchkey/core';
import { useCallback, useEffect, useState } from 'react';
import type { Api } from './apis.ts';
import { createClients } from './clients.ts';
import { useClientsOfOneUser } from './clientsOfOneUser.ts';
import type { Journal } from './createJournal.ts';
import { demoServer } from './demoServer.ts';
import { Restoring } from './Restoring.tsx';
import { ServerCounts } from './ServerCounts.tsx';
import { SignIn } from './SignIn.tsx';
import { Timeline } from './Timeline.tsx';
import { useAuthState } from './useAuthState.ts';
import { Workbench } from './Workbench.tsx';
import { watchFetch } from './watchFetch.ts';

interface ApiPageProps {
  readonly api: Api;
  readonly journal: Journal;
}

/** The page of one API: the controls for the state of its session, and the timeline and the counters. */
export function ApiPage({ api, journal }: ApiPageProps) {
  const { auth, url, texts } = api;
  const { status } = useAuthState(auth);
  const hasEnded = useHasEnded(auth);
  const [server] = useState(() => demoServer(api));
  const create = useCallback(
    () => createClients(auth, url, { apollo: watchFetch(journal, 'Apollo Client'), urql: watchFetch(journal, 'urql') }),
    [auth, url, journal],
  );
  const { clients, generation } = useClientsOfOneUser(auth, create);

  return (
    <div className="page">
      <p className="different">{texts.different}</p>
      <div className="actions">
        {status === 'unknown' && <Restoring auth={auth} />}
        {status === 'signedOut' && <SignIn api={api} server={server} hasEnded={hasEnded} />}
        {status === 'signedIn' && <Workbench key={generation} api={api} server={server} clients={clients} />}
      </div>
      <div className="results">
        <Timeline journal={journal} />
        <ServerCounts server={server} note={texts.counts} />
      </div>
    </div>
  );
}

/** Whether the last session expired, rather than being ended by the user. */
function useHasEnded(auth: TokenManager): boolean {
  const [hasEnded, setHasEnded] = useState(false);
  useEffect(() => auth.on('signedOut', ({ reason }) => setHasEnded(reason === 'expired')), [auth]);
  return hasEnded;
}
