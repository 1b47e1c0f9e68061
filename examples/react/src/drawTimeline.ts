import * as Plot from '@observablehq/plot';
import type { Attempt, ClientName, Journal, Renewal, TokenLifetime } from './createJournal.ts';

/** How much of the past and of the future is shown, in seconds. */
export const span = { past: 15, ahead: 5 } as const;

const rowsPerClient = 25;
/** The lowest row of each client's lane. */
const lanes: Readonly<{ [name in ClientName]: number }> = { urql: 0, 'Apollo Client': 29 };
const tokenLane = { y1: 58, y2: 63 } as const;
const tokenLaneMiddle = (tokenLane.y1 + tokenLane.y2) / 2;
const laneNames = [
  { name: 'Token sets', y: 66 },
  { name: 'Apollo Client', y: 55.5 },
  { name: 'urql', y: 26.5 },
];

/** Each outcome has a shape as well as a colour, for readers who do not distinguish the colours. */
const attemptLooks = {
  answered: { symbol: 'circle', fill: 'var(--answered)' },
  retried: { symbol: 'diamond2', fill: 'var(--retried)' },
  refused: { symbol: 'times', stroke: 'var(--refused)' },
  failed: { symbol: 'square', stroke: 'var(--failed)' },
} as const;

const renewalLooks = {
  done: { symbol: 'triangle', fill: 'var(--renewal)' },
  failed: { symbol: 'square', stroke: 'var(--failed)', strokeWidth: 2.5 },
} as const;

/** Time runs to the right: a bar for each token set, a line for each renewal, a symbol for each attempt of an operation. */
export function drawTimeline(journal: Journal, now: number, width: number): Element {
  const timeline = Plot.plot({
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
      ...tokenMarks(journal, now),
      ...renewalMarks(journal, now),
      ...attemptMarks(journal, now),
      Plot.text(laneNames, { x: -span.past, y: 'y', text: 'name', textAnchor: 'start', fontWeight: 600 }),
    ],
  });
  timeline.ariaHidden = 'true'; // the frame around it has a label
  return timeline;
}

function tokenMarks({ tokenLifetimes }: Journal, now: number): Plot.Markish[] {
  const shown = tokenLifetimes.filter(({ to }) => to === undefined || isShown(to, now));
  const valid = shown.filter(({ to }) => to !== undefined && to > now);
  return [
    Plot.rect(shown, {
      x1: ({ from }: TokenLifetime) => offsetOf(from, now),
      x2: ({ to }: TokenLifetime) => (to === undefined ? span.ahead : offsetOf(to, now)),
      ...tokenLane,
      fill: 'var(--token)',
      insetRight: 1.5,
      rx: 3,
    }),
    Plot.text(valid, {
      x: 0,
      y: tokenLaneMiddle,
      dx: 6,
      textAnchor: 'start',
      text: ({ to = now }: TokenLifetime) => `${Math.ceil(offsetOf(to, now))} s left`,
    }),
  ];
}

function renewalMarks({ renewals }: Journal, now: number): Plot.Markish[] {
  const shown = renewals.filter(({ endedAt }) => isShown(endedAt, now));
  const x = ({ endedAt }: Renewal) => offsetOf(endedAt, now);
  const dots = (['done', 'failed'] as const).map(look =>
    Plot.dot(
      shown.filter(({ failed }) => failed === (look === 'failed')),
      { x, y: tokenLaneMiddle, r: 5, ...renewalLooks[look] },
    ),
  );
  const lines = Plot.ruleX(shown, {
    x,
    y1: -1,
    y2: tokenLane.y2,
    stroke: ({ failed }: Renewal) => (failed ? 'var(--failed)' : 'var(--renewal)'),
    strokeDasharray: '3 3',
  });
  return [lines, ...dots];
}

function attemptMarks({ attempts }: Journal, now: number): Plot.Markish[] {
  const shown = attempts.filter(({ endedAt }) => isShown(endedAt, now));
  return (['answered', 'retried', 'refused', 'failed'] as const).map(outcome =>
    Plot.dot(
      shown.filter(attempt => attempt.outcome === outcome),
      {
        x: ({ endedAt }: Attempt) => offsetOf(endedAt, now),
        y: ({ client, row }: Attempt) => lanes[client] + (row % rowsPerClient),
        r: 2.6,
        strokeWidth: 1.6,
        ...attemptLooks[outcome],
      },
    ),
  );
}

const isShown = (time: number, now: number) => offsetOf(time, now) > -span.past;

/** The position on the time axis, in seconds: negative for the past. */
const offsetOf = (time: number, now: number) => (time - now) / 1000;

function secondsFromNow(seconds: number): string {
  if (seconds === 0) return 'now';
  return `${seconds > 0 ? '+' : '−'}${Math.abs(seconds)} s`;
}
