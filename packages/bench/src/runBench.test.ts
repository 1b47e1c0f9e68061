import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Figure } from './figure.ts';
import { type Results, runBench } from './runBench.ts';

const file = new URL('../results.json', import.meta.url);
/** The results of the last full run; the file is absent between a change of the figures and the next full run. */
const last = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : undefined;
const small = { rounds: 1, warmUps: 0, sampleMs: 0, stormSizes: [10, 20, 100], heldOperations: 100, messages: 100 };
const results = await runBench(small);

const shapeOf = (figure: Figure) => Object.keys(figure).join();
const isFigure = (figure: Figure) => figure.ours > 0 && figure.name !== '' && figure.unit !== '';

function expectComplete({ machine, versions, figures }: Results): void {
  expect(machine).toEqual({ cpu: expect.any(String), node: expect.stringMatching(/^v\d/) });
  expect(Object.values(versions).filter(version => !/^\d+\.\d+\.\d+/.test(version))).toEqual([]);
  expect(figures).toHaveLength(21);
}

test('a run at a small size has every figure, each storm with the floor', () => {
  expectComplete(results);
  const storms = results.figures.filter(({ name }) => name.includes('storm'));
  expect(storms).toHaveLength(8);
  expect(storms.filter(({ peer, floor }) => peer === null || floor === null)).toEqual([]);
});

test.skipIf(!last)('the last full run has the same figures, of the same shape', () => {
  if (!last) return;
  expectComplete(last);
  expect(Object.keys(last.versions)).toEqual(Object.keys(results.versions));
  expect(last.figures.map(shapeOf)).toEqual(results.figures.map(shapeOf));
  expect(last.figures.filter(figure => !isFigure(figure))).toEqual([]);
});
