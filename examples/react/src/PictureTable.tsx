import type { Outcome, Record } from './createRecord.ts';

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
export function PictureTable({ record }: { readonly record: Record }) {
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
        {rowsOf(record).map(({ at, who, what }) => (
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

function rowsOf({ sendings, tokenLives, renewals }: Record): Row[] {
  const operations = Map.groupBy(
    sendings,
    ({ client, outcome, endedAt }) => `${Math.floor(endedAt / 1000)} ${client} ${outcome}`,
  );
  const rows: Row[] = [
    ...tokenLives.map(({ from, to }) => ({
      at: from,
      who: 'Token set',
      what: to === undefined ? 'begins' : `lives ${((to - from) / 1000).toFixed(1)} s`,
    })),
    ...renewals.map(({ at, failed }) => ({ at, who: 'Renewal', what: failed ? 'failed' : 'done' })),
    ...Array.from(operations.values(), group => ({
      at: group[0]?.endedAt ?? 0,
      who: group[0]?.client ?? '',
      what: `${group.length} ${words[group[0]?.outcome ?? 'failed']}`,
    })),
  ];
  return rows.sort((a, b) => b.at - a.at).slice(0, mostRows);
}
