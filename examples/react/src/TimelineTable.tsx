import type { Attempt, ClientName, Journal, Outcome } from './createJournal.ts';

interface Row {
  readonly at: number;
  readonly source: string;
  readonly event: string;
}

const shownRows = 30;
const labels: Readonly<{ [outcome in Outcome]: string }> = {
  answered: 'answered',
  refused: 'refused',
  retried: 'answered after a retry',
  failed: 'failed',
};

/** The timeline for readers who cannot see it, the newest event first. */
export function TimelineTable({ journal }: { readonly journal: Journal }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Source</th>
          <th scope="col">Event</th>
        </tr>
      </thead>
      <tbody>
        {rowsOf(journal).map(({ at, source, event }) => (
          <tr key={`${at} ${source} ${event}`}>
            <td>{new Date(at).toLocaleTimeString()}</td>
            <td>{source}</td>
            <td>{event}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function rowsOf({ attempts, tokenLifetimes, renewals }: Journal): Row[] {
  const rows: Row[] = [
    ...tokenLifetimes.map(({ from, to }) => ({ at: from, source: 'Token set', event: lifetimeOf(from, to) })),
    ...renewals.map(({ endedAt, failed }) => ({ at: endedAt, source: 'Renewal', event: failed ? 'failed' : 'done' })),
    ...burstsOf(attempts).map(({ at, client, outcome, count }) => ({
      at,
      source: client,
      event: `${count} ${labels[outcome]}`,
    })),
  ];
  return rows.sort((a, b) => b.at - a.at).slice(0, shownRows);
}

const lifetimeOf = (from: number, to: number | undefined) =>
  to === undefined ? 'issued' : `valid for ${((to - from) / 1000).toFixed(1)} s`;

interface Burst {
  readonly at: number;
  readonly client: ClientName;
  readonly outcome: Outcome;
  count: number;
}

/** Attempts of one client with the same outcome within a second share a row. */
function burstsOf(attempts: readonly Attempt[]): Burst[] {
  const bursts: Burst[] = [];
  for (const { client, outcome, endedAt } of attempts) {
    const last = bursts.findLast(burst => burst.client === client && burst.outcome === outcome);
    if (last && endedAt - last.at < 1000) last.count++;
    else bursts.push({ at: endedAt, client, outcome, count: 1 });
  }
  return bursts;
}
