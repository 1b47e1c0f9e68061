import { expect, test } from 'vitest';
import { type ConnectionEvent, type ConnectionState, transition } from './connectionState.ts';

type State = ConnectionState<string>;
type Event = ConnectionEvent<string>;

const idle: State = { status: 'idle' };
const opening: State = { status: 'opening', next: 'A' };
const open: State = { status: 'open', socket: 'A' };
const replacing: State = { status: 'replacing', socket: 'A', next: 'B', isStale: false };
const stale: State = { ...replacing, isStale: true };

test.each<[string, State, Event, State]>([
  ['an operation opens a socket', idle, { type: 'needed', next: 'A' }, opening],
  ['its acknowledgement', opening, { type: 'acknowledged', socket: 'A' }, open],
  [
    'that of the one that replaces another',
    stale,
    { type: 'acknowledged', socket: 'B' },
    { status: 'open', socket: 'B' },
  ],
  ['an outdated token set', open, { type: 'outdated', socket: 'A', next: 'B', isStale: false }, replacing],
  ['a refused one', open, { type: 'outdated', socket: 'A', next: 'B', isStale: true }, stale],
  ['refused while it is being replaced', replacing, { type: 'outdated', socket: 'A', next: 'C', isStale: true }, stale],
  [
    'an attempt ends, and another follows',
    opening,
    { type: 'ended', socket: 'A', next: 'B' },
    { status: 'opening', next: 'B' },
  ],
  ['an attempt ends, and none follows', opening, { type: 'ended', socket: 'A' }, idle],
  [
    'the socket ends, and another follows',
    open,
    { type: 'ended', socket: 'A', next: 'B' },
    { status: 'opening', next: 'B' },
  ],
  ['the socket ends, and none follows', open, { type: 'ended', socket: 'A' }, idle],
  ['the old one ends first', replacing, { type: 'ended', socket: 'A', next: 'C' }, { status: 'opening', next: 'B' }],
  [
    'the replacement fails, and is tried again',
    stale,
    { type: 'ended', socket: 'B', next: 'C' },
    { ...stale, next: 'C' },
  ],
  ['the replacement fails for good: the old one goes on', stale, { type: 'ended', socket: 'B' }, open],
  ['nobody needs it', replacing, { type: 'released' }, idle],
])('%s', (_, state, event, expected) => {
  expect(transition(state, event)).toEqual(expected);
});

const events: readonly Event[] = [
  { type: 'needed', next: 'X' },
  { type: 'acknowledged', socket: 'X' },
  { type: 'outdated', socket: 'X', next: 'Y', isStale: true },
  { type: 'ended', socket: 'X', next: 'Y' },
];

test('what concerns another socket changes nothing, and the state stays the same object', () => {
  for (const state of [opening, open, replacing, stale])
    for (const event of events) expect(transition(state, event)).toBe(state);
  expect(transition(idle, { type: 'released' })).toBe(idle);
  expect(transition(stale, { type: 'outdated', socket: 'A', next: 'C', isStale: true })).toBe(stale);
  expect(transition(replacing, { type: 'outdated', socket: 'A', next: 'C', isStale: false })).toBe(replacing);
  expect(transition(opening, { type: 'outdated', socket: 'A', next: 'B', isStale: true })).toBe(opening);
});
