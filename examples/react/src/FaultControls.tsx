import { useState } from 'react';
import type { Clients } from './clients.ts';
import type { DemoServer } from './demoServer.ts';
import { QuietButton } from './QuietButton.tsx';
import { sentenceForBurst, twentyFiveByApollo, twentyFiveByUrql } from './twentyFive.ts';

interface FaultControlsProps {
  readonly server: DemoServer;
  readonly clients: Clients;
}

/** Buttons that cause faults of the session and of the auth server. */
export function FaultControls({ server, clients }: FaultControlsProps) {
  const [status, setStatus] = useState('No fault so far.');

  const report = (done: Promise<unknown>, sentence: string) =>
    void done.then(
      () => setStatus(sentence),
      () => setStatus('The server of this page does not respond. Is it still running?'),
    );

  async function expireAndSend() {
    setStatus('Waiting…');
    setStatus(await resultOfExpiry(server, clients));
  }

  return (
    <section aria-labelledby="faults" className="card faults">
      <h3 id="faults">Cause a fault</h3>
      <div className="buttons">
        <button type="button" onClick={() => void expireAndSend()}>
          Expire the token, then send 25 at once with both
        </button>
        <QuietButton
          onClick={() =>
            report(server.expireToken(), 'The token has expired. The clients do not know this yet: run a query.')
          }
        >
          Expire the token
        </QuietButton>
        <QuietButton
          onClick={() =>
            report(server.revokeSession(), 'The session is over. The clients do not know this yet: run a query.')
          }
        >
          Revoke the session
        </QuietButton>
        <QuietButton
          onClick={() =>
            report(server.takeDown(5), 'The auth server answers 503 for five seconds. The API keeps working.')
          }
        >
          Auth server down for 5 s
        </QuietButton>
      </div>
      <LifetimeForm
        onSet={seconds => report(server.setLifetime(seconds), `New tokens are valid for ${seconds} seconds.`)}
      />
      <p role="status">{status}</p>
    </section>
  );
}

/** Expires the token, sends 25 operations by each client, and describes the result. */
async function resultOfExpiry(server: DemoServer, clients: Clients): Promise<string> {
  const before = await server.counts();
  await server.expireToken();
  const [apollo, urql] = await Promise.all([twentyFiveByApollo(clients.apollo), twentyFiveByUrql(clients.urql)]);
  const after = await server.counts();
  const refused = after.operations.refused - before.operations.refused;
  const requests = after.tokenRequests.total - before.tokenRequests.total;
  return (
    `Apollo Client: ${sentenceForBurst(apollo)} urql: ${sentenceForBurst(urql)} ` +
    `The server counted ${refused} refused operations and ${requests} ${requests === 1 ? 'token request' : 'token requests'}.`
  );
}

function LifetimeForm({ onSet }: { readonly onSet: (seconds: number) => void }) {
  const [seconds, setSeconds] = useState('30');
  return (
    <form
      className="lifetime"
      onSubmit={event => {
        event.preventDefault();
        onSet(Number(seconds));
      }}
    >
      <label>
        Token lifetime in seconds
        <input
          type="number"
          min={1}
          max={3600}
          required
          value={seconds}
          onChange={({ target }) => setSeconds(target.value)}
        />
      </label>
      <button type="submit" className="quiet">
        Set
      </button>
    </form>
  );
}
