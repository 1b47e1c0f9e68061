import type { Figure, Renewals } from './figure.ts';

const heads = ['figure', 'unit', 'ours', 'peer', 'floor', 'ratio', 'goal', 'wish', 'result', 'renewals', 'against'];
const leftAligned = ['figure', 'unit', 'result', 'against'];

const number = (value: number | null) => value?.toLocaleString('en', { maximumSignificantDigits: 4 }) ?? '–';
const counts = ({ ours, peer }: Renewals) => `${number(ours)} : ${number(peer)}`;

function goalCell({ goal, goalOf }: Figure): string {
  if (goal === null) return '–';
  return goalOf === 'ours' ? `≤ ${number(goal)}` : `≤ ${number(goal)} of ${goalOf}`;
}

function resultCell({ met, wishMet }: Figure): string {
  if (met === null) return '–';
  if (!met) return 'MISSED';
  return wishMet ? 'met, wish met' : 'met';
}

const cellsOf = (figure: Figure): readonly string[] => [
  figure.name,
  figure.unit,
  number(figure.ours),
  figure.peerName !== null && figure.peer === null ? 'not in time' : number(figure.peer),
  number(figure.floor),
  number(figure.ratio),
  goalCell(figure),
  number(figure.wish),
  resultCell(figure),
  figure.renewals ? counts(figure.renewals) : '–',
  figure.peerName ?? '–',
];

/** The figures as the lines of a table, under a line of heads; numbers are right-aligned. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [heads, ...figures.map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...rows.map(cells => cells[column]?.length ?? 0)));
  const pad = (cell: string, column: number) => {
    const width = widths[column] ?? 0;
    return leftAligned.includes(heads[column] ?? '') ? cell.padEnd(width) : cell.padStart(width);
  };
  const line = (cells: readonly string[]) => `${cells.map(pad).join('  ').trimEnd()}\n`;
  return rows.map(line).join('');
}
