import type { ClientName, Journal, Outcome, Sending } from './createJournal.ts';

interface Row {
  readonly at: number;
  readonly who: string;
  readonly what: string;
}

const mostRows = 30;
const words: Readonly<{ [outcome in Outcome]: string }> = {
  answered: 'answered',
  refused: 'refused',
  repeated: 'answered when sent again',
  failed: 'failed',
};

/** The picture for those who cannot see it, the newest first. */
export function PictureTable({ journal }: { readonly journal: Journal }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
        </tr>
      </thead>
      <tbody>
        {rowsOf(journal).map(({ at, who, what }) => (
          <tr key={`${at} ${who} ${what}`}>
            <td>{new Date(at).toLocaleTimeString()}</td>
            <td>{who}</td>
            <td>{what}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function rowsOf({ sendings, tokenLives, renewals }: Journal): Row[] {
  const rows: Row[] = [
    ...tokenLives.map(({ from, to }) => ({ at: from, who: 'Token set', what: lifeOf(from, to) })),
    ...renewals.map(({ at, failed }) => ({ at, who: 'Renewal', what: failed ? 'failed' : 'done' })),
    ...burstsOf(sendings).map(({ at, client, outcome, count }) => ({
      at,
      who: client,
      what: `${count} ${words[outcome]}`,
    })),
  ];
  return rows.sort((a, b) => b.at - a.at).slice(0, mostRows);
}

const lifeOf = (from: number, to: number | undefined) =>
  to === undefined ? 'begins' : `lives ${((to - from) / 1000).toFixed(1)} s`;

interface Burst {
  readonly at: number;
  readonly client: ClientName;
  readonly outcome: Outcome;
  count: number;
}

/** What the same client was told within a second counts as one row. */
function burstsOf(sendings: readonly Sending[]): Burst[] {
  const bursts: Burst[] = [];
  for (const { client, outcome, endedAt } of sendings) {
    const last = bursts.findLast(burst => burst.client === client && burst.outcome === outcome);
    if (last && endedAt - last.at < 1000) last.count++;
    else bursts.push({ at: endedAt, client, outcome, count: 1 });
  }
  return bursts;
}
