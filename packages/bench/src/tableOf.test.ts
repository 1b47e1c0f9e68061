import { expect, test } from 'vitest';
import { makeFigure } from './figure.ts';
import { tableOf } from './tableOf.ts';

test('the table has one line for each figure, under the heads', () => {
  const table = tableOf([
    makeFigure({
      name: 'storm',
      unit: 'ms',
      ours: 1234.5,
      peer: 2469,
      floor: 987.6,
      peerName: 'links',
      goal: { atMost: 0.7, wish: 0.5 },
      renewals: { ours: 1, peer: 1000 },
    }),
    makeFigure({
      name: 'growth',
      unit: '×',
      ours: 5.4,
      peer: 6,
      floor: 5,
      peerName: 'links',
      goal: { atMost: 1.1, wish: 1.05 },
      goalOf: 'floor',
    }),
    makeFigure({ name: 'late', unit: 'ms', ours: 1, peer: null, peerName: 'links', goal: { atMost: 0.7 } }),
    makeFigure({ name: 'size', unit: 'bytes', ours: 1500, goal: { atMost: 1331 } }),
    makeFigure({ name: 'no goal', unit: 'bytes', ours: 12 }),
  ]);
  expect(
    table,
  ).toBe(`figure   unit    ours         peer  floor  ratio            goal  wish  result          renewals  against
storm    ms     1,235        2,469  987.6    0.5   ≤ 0.7 of peer   0.5  met, wish met  1 : 1,000  links
growth   ×        5.4            6      5   1.08  ≤ 1.1 of floor  1.05  met                    –  links
late     ms         1  not in time      –      –   ≤ 0.7 of peer     –  met                    –  links
size     bytes  1,500            –      –      –         ≤ 1,331     –  MISSED                 –  –
no goal  bytes     12            –      –      –               –     –  –                      –  –
`);
});
