import { expect, test } from 'vitest';
import { makeFigure } from './figure.ts';
import { tableOf } from './tableOf.ts';

test('one line a figure, under the heads', () => {
  const table = tableOf([
    makeFigure({
      name: 'storm',
      unit: 'ms',
      ours: 1234.5,
      peer: 2469,
      peerName: 'links',
      goal: 0.7,
      renewals: { ours: 1, peer: 1000 },
    }),
    makeFigure({ name: 'late', unit: 'ms', ours: 1, peer: null, peerName: 'links', goal: 0.7 }),
    makeFigure({ name: 'size', unit: 'bytes', ours: 1500, goal: 1331 }),
    makeFigure({ name: 'told', unit: 'bytes', ours: 12 }),
  ]);
  expect(table).toBe(`figure  unit    ours         peer  ratio           goal  met   renewals  against
storm   ms     1,235        2,469    0.5  ≤ 0.7 of peer  yes  1 : 1,000  links
late    ms         1  not in time      –  ≤ 0.7 of peer  yes          –  links
size    bytes  1,500            –      –        ≤ 1,331   NO          –  –
told    bytes     12            –      –              –    –          –  –
`);
});
