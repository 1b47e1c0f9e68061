import { expect, test } from 'vitest';
import { makeFigure } from './figure.ts';

const measured = { name: 'x', unit: 'ms', peerName: 'peer' };

test('a goal against a peer limits the ratio', () => {
  const goal = { atMost: 0.4 };
  expect(makeFigure({ ...measured, ours: 2, peer: 5, goal })).toMatchObject({ ratio: 0.4, goalOf: 'peer', met: true });
  expect(makeFigure({ ...measured, ours: 2.1, peer: 5, goal })).toMatchObject({ ratio: 0.42, met: false });
});

test('a goal without a peer, or with goalOf "ours", limits our own value', () => {
  expect(makeFigure({ name: 'x', unit: 'bytes', ours: 4609, goal: { atMost: 4608, wish: 4000 } })).toEqual({
    name: 'x',
    unit: 'bytes',
    ours: 4609,
    peer: null,
    peerName: null,
    floor: null,
    ratio: null,
    goalOf: 'ours',
    goal: 4608,
    wish: 4000,
    met: false,
    wishMet: false,
  });
  const ownValue = makeFigure({ ...measured, ours: 5.4, peer: 2, goal: { atMost: 5.5 }, goalOf: 'ours' });
  expect(ownValue).toMatchObject({ met: true });
});

test('a goal against the floor limits the ratio to the floor, and the peer is listed', () => {
  const goal = { atMost: 1.1, wish: 1.05 };
  const against = (ours: number) => makeFigure({ ...measured, ours, peer: 4, floor: 5, goal, goalOf: 'floor' });
  expect(against(5)).toMatchObject({ peer: 4, floor: 5, ratio: 1, met: true, wishMet: true });
  expect(against(5.4)).toMatchObject({ ratio: 1.08, met: true, wishMet: false });
  expect(against(5.6)).toMatchObject({ ratio: 1.12, met: false, wishMet: false });
});

test('a floor next to a goal against the peer changes nothing', () => {
  const figure = makeFigure({ ...measured, ours: 2, peer: 5, floor: 1, goal: { atMost: 0.4 } });
  expect(figure).toMatchObject({ floor: 1, ratio: 0.4, met: true });
});

test('a peer that did not finish counts as slower; ours has to finish, and a floor that is compared', () => {
  const goal = { atMost: 0.7, wish: 0.5 };
  const unfinished = makeFigure({ ...measured, ours: 9, peer: null, goal });
  expect(unfinished).toMatchObject({ ratio: null, met: true, wishMet: true });
  expect(() => makeFigure({ ...measured, ours: null, peer: 1, goal })).toThrow('x: ours did not finish.');
  expect(() => makeFigure({ ...measured, ours: 1, peer: 1, floor: null, goal, goalOf: 'floor' })).toThrow(
    'x: the floor did not finish.',
  );
});

test('without a goal nothing is met or missed, and values are rounded to four digits', () => {
  expect(makeFigure({ ...measured, ours: 1 / 3, peer: 2 / 3 })).toMatchObject({
    ours: 0.3333,
    peer: 0.6667,
    ratio: 0.5,
    goal: null,
    wish: null,
    met: null,
    wishMet: null,
  });
});
