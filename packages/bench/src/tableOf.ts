import type { Figure, Renewals } from './figure.ts';

const heads = ['figure', 'unit', 'ours', 'peer', 'ratio', 'goal', 'met', 'renewals', 'against'];

const number = (value: number | null) => value?.toLocaleString('en', { maximumSignificantDigits: 4 }) ?? '–';
const counts = ({ ours, peer }: Renewals) => `${number(ours)} : ${number(peer)}`;
const metOf = (met: boolean | null) => (met === null ? '–' : met ? 'yes' : 'NO');

function goalOf({ goal, goalOf: kind }: Figure): string {
  if (goal === null) return '–';
  return kind === 'ratio' ? `≤ ${number(goal)} of peer` : `≤ ${number(goal)}`;
}

const cellsOf = (figure: Figure): readonly string[] => [
  figure.name,
  figure.unit,
  number(figure.ours),
  figure.peerName !== null && figure.peer === null ? 'not in time' : number(figure.peer),
  number(figure.ratio),
  goalOf(figure),
  metOf(figure.met),
  figure.renewals ? counts(figure.renewals) : '–',
  figure.peerName ?? '–',
];

/** The figures as lines of text, a column under its head; figures are right-aligned. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [heads, ...figures.map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...rows.map(cells => cells[column]?.length ?? 0)));
  const isText = (column: number) => column < 2 || column === heads.length - 1;
  const pad = (cell: string, column: number) =>
    isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const line = (cells: readonly string[]) => `${cells.map(pad).join('  ').trimEnd()}\n`;
  return rows.map(line).join('');
}
