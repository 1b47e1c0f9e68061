import { useEffect, useState } from 'react';
import type { Counts, DemoServer } from './demoServer.ts';

const everyMs = 500;

interface ServerCountsProps {
  readonly server: DemoServer;
  readonly note: string | undefined;
}

/** The server's own counters, which do not depend on the clients. */
export function ServerCounts({ server, note }: ServerCountsProps) {
  const [counts, setCounts] = useState<Counts>();

  useEffect(() => {
    const read = () => server.counts().then(setCounts, () => setCounts(undefined));
    void read();
    const timer = setInterval(() => void read(), everyMs);
    return () => clearInterval(timer);
  }, [server]);

  const { tokenRequests, operations, mutationsExecuted } = counts ?? {};
  return (
    <section aria-labelledby="counts" className="card counts">
      <h3 id="counts">Server counters</h3>
      <dl>
        <Count name="Sign-ins" value={tokenRequests?.signIn} />
        <Count name="Renewals" value={tokenRequests?.refresh} />
        <Count name="Operations received" value={operations?.received} />
        <Count name="Operations refused" value={operations?.refused} />
        <Count name="Operations executed" value={operations?.executed} />
        <Count name="Mutations executed" value={mutationsExecuted} />
      </dl>
      <p>Auth server: {counts ? (counts.isDown ? 'down' : 'running') : 'unknown'}</p>
      {note && <p>{note}</p>}
    </section>
  );
}

function Count({ name, value }: { readonly name: string; readonly value: number | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  );
}
