import { expect, test } from 'vitest';
import { makeFigure } from './figure.ts';

const measured = { name: 'x', unit: 'ms', peerName: 'peer' };

test('a goal against a peer is about the ratio', () => {
  expect(makeFigure({ ...measured, ours: 2, peer: 5, goal: 0.4 })).toMatchObject({
    ratio: 0.4,
    goalOf: 'ratio',
    met: true,
  });
  expect(makeFigure({ ...measured, ours: 2.1, peer: 5, goal: 0.4 })).toMatchObject({ ratio: 0.42, met: false });
});

test('a goal without a peer, or one that says so, is about ours', () => {
  expect(makeFigure({ name: 'x', unit: 'bytes', ours: 4609, goal: 4608 })).toEqual({
    name: 'x',
    unit: 'bytes',
    ours: 4609,
    peer: null,
    peerName: null,
    ratio: null,
    goal: 4608,
    goalOf: 'ours',
    met: false,
  });
  expect(makeFigure({ ...measured, ours: 5.4, peer: 2, goal: 5.5, goalOf: 'ours' })).toMatchObject({ met: true });
});

test('a peer that did not finish is beaten; ours has to finish', () => {
  expect(makeFigure({ ...measured, ours: 9, peer: null, goal: 0.7 })).toMatchObject({ ratio: null, met: true });
  expect(() => makeFigure({ ...measured, ours: null, peer: 1, goal: 0.7 })).toThrow('x: ours did not finish.');
});

test('without a goal nothing is met or missed, and what is told is rounded', () => {
  expect(makeFigure({ ...measured, ours: 1 / 3, peer: 2 / 3 })).toMatchObject({
    ours: 0.3333,
    peer: 0.6667,
    ratio: 0.5,
    goal: null,
    met: null,
  });
});
