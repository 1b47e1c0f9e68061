import { useState } from 'react';
import type { Clients } from './clients.ts';
import type { DemoServer } from './demoServer.ts';
import { sentenceForBurst, twentyFiveByApollo, twentyFiveByUrql } from './twentyFive.ts';

interface BadDayProps {
  readonly server: DemoServer;
  readonly clients: Clients;
}

/** What may happen to a user's session, at the press of a button. */
export function BadDay({ server, clients }: BadDayProps) {
  const [said, say] = useState('All is well so far.');
  const [seconds, setSeconds] = useState('30');

  const tell = (done: Promise<unknown>, sentence: string) =>
    done.then(
      () => say(sentence),
      () => say('The server of this page is not answering. Is it still running?'),
    );

  async function show() {
    say('Waiting…');
    const before = await server.counts();
    await server.killToken();
    const [apollo, urql] = await Promise.all([twentyFiveByApollo(clients.apollo), twentyFiveByUrql(clients.urql)]);
    const after = await server.counts();
    const refused = after.operations.refused - before.operations.refused;
    const requests = after.tokenRequests.total - before.tokenRequests.total;
    const clientsSay = `Apollo Client: ${sentenceForBurst(apollo)} urql: ${sentenceForBurst(urql)}`;
    say(
      `${clientsSay} The server counted ${refused} refused operations and ${requests} ${requests === 1 ? 'token request' : 'token requests'}.`,
    );
  }

  return (
    <section aria-labelledby="bad-day" className="card bad-day">
      <h3 id="bad-day">Make it a bad day</h3>
      <div className="buttons">
        <button type="button" onClick={() => void show()}>
          Kill the token, then 25 at once with both
        </button>
        <button
          type="button"
          className="quiet"
          onClick={() =>
            void tell(server.killToken(), 'The token is dead. The clients do not know it yet: run a query.')
          }
        >
          Kill the token
        </button>
        <button
          type="button"
          className="quiet"
          onClick={() =>
            void tell(server.revokeSession(), 'The session is over. The clients do not know it yet: run a query.')
          }
        >
          Revoke the session
        </button>
        <button
          type="button"
          className="quiet"
          onClick={() =>
            void tell(server.takeDown(5), 'The auth server answers 503 for five seconds. The API works on.')
          }
        >
          Auth server down for 5 s
        </button>
      </div>
      <form
        className="lifetime"
        onSubmit={event => {
          event.preventDefault();
          void tell(server.setLifetime(Number(seconds)), `The next tokens live ${seconds} seconds.`);
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
      <p role="status">{said}</p>
    </section>
  );
}
