// What the ablation found: means and deviations over seeds, as tables for people and programs.
import { groupBy } from '../../evaluation/group.ts';
import type { PoolingKind } from '../../weights/registry.ts';
import type { ValidationScores } from '../trainer/validation.ts';
import { ABLATION, METHODS, type Method } from './presets.ts';

/** One line of the results. */
export interface AblationLine extends ValidationScores {
  readonly pooling: PoolingKind;
  readonly method: Method;
  /** Null where nothing is drawn. */
  readonly seed: number | null;
}

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation over seeds; null for a single one. */
  readonly deviation: number | null;
}

export const FIGURES = ['gap', 'top1', 'nearest'] as const satisfies (keyof ValidationScores)[];
export type Figure = (typeof FIGURES)[number];

export interface Cell extends Readonly<Record<Figure, Spread>> {
  readonly pooling: PoolingKind;
  readonly method: Method;
  readonly runs: number;
}

/** One cell for each pooling and method that has results, methods in their order. */
export function summarise(lines: readonly AblationLine[]): Cell[] {
  const byCell = groupBy(lines, ({ pooling, method }) => `${method} ${pooling}`);
  return METHODS.flatMap((method) =>
    ABLATION.poolings.flatMap((pooling) => {
      const runs = byCell.get(`${method} ${pooling}`) ?? [];
      if (runs.length === 0) return [];
      const spread = (figure: Figure) => spreadOf(runs.map((run) => run[figure]));
      return [
        {
          pooling,
          method,
          runs: runs.length,
          gap: spread('gap'),
          top1: spread('top1'),
          nearest: spread('nearest'),
        },
      ];
    }),
  );
}

export function spreadOf(values: readonly number[]): Spread {
  const mean = meanOf(values);
  if (values.length < 2) return { mean, deviation: null };
  const squares = values.map((value) => (value - mean) ** 2);
  const variance = squares.reduce((sum, each) => sum + each, 0) / (values.length - 1);
  return { mean, deviation: Math.sqrt(variance) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Markdown: a row for each method, a column for each pooling, and means over what was trained. */
export function ablationTable(cells: readonly Cell[], figure: Figure): string {
  const { poolings } = ABLATION;
  const at = (method: Method, pooling: PoolingKind) =>
    cells.find((cell) => cell.method === method && cell.pooling === pooling)?.[figure];
  const best = Math.max(...cells.map((cell) => cell[figure].mean));
  const rows = METHODS.filter((method) => cells.some((cell) => cell.method === method)).map(
    (method) => {
      const spreads = poolings.map((pooling) => at(method, pooling));
      const known = spreads.flatMap((spread) => spread?.mean ?? []);
      return [method, ...spreads.map((spread) => written(spread, best)), mean(known)];
    },
  );
  const trained = cells.filter(({ method }) => ABLATION.losses.some((loss) => loss === method));
  const columns = poolings.map((pooling) =>
    mean(trained.filter((cell) => cell.pooling === pooling).map((cell) => cell[figure].mean)),
  );
  const all = mean(trained.map((cell) => cell[figure].mean));
  const head = ['', ...poolings, 'mean'];
  return [head, head.map(() => '---'), ...rows, ['mean of the losses', ...columns, all]]
    .map((cellsOfRow) => `| ${cellsOfRow.join(' | ')} |`)
    .join('\n');
}

const DIGITS = 3;

function written(spread: Spread | undefined, best: number): string {
  if (!spread) return '–';
  const { deviation } = spread;
  const value = spread.mean.toFixed(DIGITS);
  const text = spread.mean === best ? `**${value}**` : value;
  return deviation === null ? text : `${text} ± ${deviation.toFixed(DIGITS)}`;
}

function mean(values: readonly number[]): string {
  return values.length > 0 ? meanOf(values).toFixed(DIGITS) : '–';
}
