import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Figure } from './figure.ts';
import { type Results, runBench } from './runBench.ts';

const isFigure = (figure: Figure) =>
  figure.ours > 0 && figure.name !== '' && figure.unit !== '' && (figure.peer === null) === (figure.ratio === null);

test('a run at a small size has every figure of the last full one, and the same shape', {
  timeout: 60_000,
}, async () => {
  const results = await runBench({ rounds: 1, warmUps: 0, sampleMs: 0, stormSizes: [10, 20, 100] });
  const text = await readFile(new URL('../results.json', import.meta.url), 'utf8');
  const last = JSON.parse(text) as Results;
  for (const { machine, versions, figures } of [results, last]) {
    expect(machine).toEqual({ cpu: expect.any(String), node: expect.stringMatching(/^v\d/) });
    expect(Object.values(versions).filter(version => !/^\d+\.\d+\.\d+/.test(version))).toEqual([]);
    expect(figures).toHaveLength(15);
  }
  expect(Object.keys(results.versions)).toEqual(Object.keys(last.versions));
  const shapeOf = (figure: Figure) => Object.keys(figure).join();
  expect(results.figures.map(shapeOf)).toEqual(last.figures.map(shapeOf));
  expect(last.figures.filter(figure => !isFigure(figure))).toEqual([]);
});
