import * as Plot from '@observablehq/plot';
import type { ClientName, Journal, RenewalEnd, Sending, TokenLife } from './createJournal.ts';

/** How much of the past and of the future the picture shows, in seconds. */
export const span = { past: 15, ahead: 5 } as const;

/** A lane for each client, as high as 25 operations on their way together, and one for the token sets above them. */
const floors: Readonly<{ [name in ClientName]: number }> = { urql: 0, 'Apollo Client': 29 };
const tokenLane = { y1: 58, y2: 63 } as const;
const laneNames = [
  { name: 'Token sets', y: 66 },
  { name: 'Apollo Client', y: 55.5 },
  { name: 'urql', y: 26.5 },
];

/** Colours have meaning, and so have shapes. */
const looks = {
  answered: { symbol: 'circle', fill: 'var(--answered)' },
  repeated: { symbol: 'diamond2', fill: 'var(--repeated)' },
  refused: { symbol: 'times', stroke: 'var(--refused)' },
  failed: { symbol: 'square', stroke: 'var(--failed)' },
} as const;

const renewalLooks = {
  done: { symbol: 'triangle', fill: 'var(--renewal)' },
  failed: { symbol: 'square', stroke: 'var(--failed)', strokeWidth: 2.5 },
} as const;

/** Time runs to the right: a bar for each token set, a line for each renewal, a sign for each time an operation was sent. */
export function drawPicture(journal: Journal, now: number, width: number): Element {
  const at = (time: number) => (time - now) / 1000;
  const isShown = (time: number | undefined) => time === undefined || at(time) > -span.past;
  const sendings = journal.sendings.filter(({ endedAt }) => isShown(endedAt));
  const tokenLives = journal.tokenLives.filter(({ to }) => isShown(to));
  const renewals = journal.renewals.filter(renewal => isShown(renewal.at));
  const living = tokenLives.filter(({ to }) => to !== undefined && to > now);
  const whenRenewed = (renewal: RenewalEnd) => at(renewal.at);

  const picture = Plot.plot({
    width,
    height: 330,
    style: { fontSize: '12px' },
    margin: 4,
    marginBottom: 24,
    marginLeft: 16,
    marginRight: 18,
    x: { domain: [-span.past, span.ahead], ticks: 5, tickFormat: secondsFromNow, label: null, clamp: true },
    y: { domain: [-1.5, 68], axis: null },
    marks: [
      Plot.ruleX([0], { stroke: 'currentColor', strokeOpacity: 0.35 }),
      Plot.rect(tokenLives, {
        x1: ({ from }: TokenLife) => at(from),
        x2: ({ to }: TokenLife) => (to === undefined ? span.ahead : at(to)),
        ...tokenLane,
        fill: 'var(--token)',
        insetRight: 1.5,
        rx: 3,
      }),
      Plot.text(living, {
        x: 0,
        y: (tokenLane.y1 + tokenLane.y2) / 2,
        dx: 6,
        textAnchor: 'start',
        text: ({ to = now }: TokenLife) => `${Math.ceil(at(to))} s left`,
      }),
      Plot.ruleX(renewals, {
        x: whenRenewed,
        y1: -1,
        y2: tokenLane.y2,
        stroke: ({ failed }: RenewalEnd) => (failed ? 'var(--failed)' : 'var(--renewal)'),
        strokeDasharray: '3 3',
      }),
      (['done', 'failed'] as const).map(end =>
        Plot.dot(
          renewals.filter(({ failed }) => failed === (end === 'failed')),
          { x: whenRenewed, y: (tokenLane.y1 + tokenLane.y2) / 2, r: 5, ...renewalLooks[end] },
        ),
      ),
      (['answered', 'repeated', 'refused', 'failed'] as const).map(outcome =>
        Plot.dot(
          sendings.filter(sending => sending.outcome === outcome),
          {
            x: ({ endedAt }: Sending) => at(endedAt),
            y: ({ client, place }: Sending) => floors[client] + (place % 25),
            r: 2.6,
            strokeWidth: 1.6,
            ...looks[outcome],
          },
        ),
      ),
      Plot.text(laneNames, { x: -span.past, y: 'y', text: 'name', textAnchor: 'start', fontWeight: 600 }),
    ],
  });
  picture.ariaHidden = 'true'; // its frame says in words what it shows
  return picture;
}

function secondsFromNow(seconds: number): string {
  if (seconds === 0) return 'now';
  return `${seconds > 0 ? '+' : '−'}${Math.abs(seconds)} s`;
}
