// The table that the re-ranker's trees are trained on: a row for each out-of-fold query and each way to see it.
import { columnName, TREE_FEATURES, treeRow } from '../../rerank/features.ts';
import type { RerankPreset, VerificationPreset } from '../../rerank/presets.ts';
import { ANOTHER_LANDMARK, CLASSES, NOT_A_LANDMARK } from '../../rerank/tree-decision.ts';
import { untilSettled, type ViewMatch } from '../../rerank/verification.ts';
import type { VerifiedFold, VerifiedQuery } from './verified-folds.ts';

/**
 * How much was matched: all; nothing, as where a collection keeps no views; not the best label, as where the
 * user taught it. One model serves all three.
 */
export const VIEWINGS = ['matched', 'unmatched', 'partly'] as const;
export type Viewing = (typeof VIEWINGS)[number];

export interface TableRow {
  /** In the order of `TREE_FEATURES`; null where a value is missing. */
  readonly values: readonly (number | null)[];
  /** 0..CLASSES − 1. */
  readonly class: number;
  /** What is never in training and held out at once: a landmark, or a source of negatives. */
  readonly group: string;
  /** Whether the gallery has the query's landmark. */
  readonly listed: boolean;
  readonly view: Viewing;
  /** False where the query's own landmark was taken out of the gallery for it. */
  readonly whole: boolean;
  readonly weight: number;
}

export interface Table {
  readonly columns: readonly string[];
  readonly classes: number;
  readonly rows: readonly TableRow[];
}

/** Share of each outcome in the table's weight: one of the five is right, no landmark, another landmark. */
const SHARES = { right: 0.5, none: 0.3, another: 0.2 } as const;
type Outcome = keyof typeof SHARES;

export interface TableOptions {
  readonly ranking: RerankPreset;
  readonly verification: VerificationPreset;
  /** Landmark of a query by its path, empty for none; the gallery may lack it. */
  readonly groupOf: (path: string) => string;
}

/** Queries without any neighbour are left out: nothing is to be decided there. */
export function rerankerTable(folds: readonly VerifiedFold[], options: TableOptions): Table {
  const rows = folds.flatMap(({ task, queries }) => {
    const photos = new Map<number, number>();
    for (const { label } of task.gallery) photos.set(label, (photos.get(label) ?? 0) + 1);
    return queries.flatMap((query) =>
      VIEWINGS.flatMap((view) => {
        const row = rowOf(query, view, task.labels, (label) => photos.get(label) ?? 0, options);
        return row ? [row] : [];
      }),
    );
  });
  const counts = new Map<Outcome, number>();
  for (const row of rows) counts.set(outcomeOf(row), (counts.get(outcomeOf(row)) ?? 0) + 1);
  const scale = (outcome: Outcome) => (SHARES[outcome] * rows.length) / counts.get(outcome)!;
  return {
    columns: TREE_FEATURES.map(columnName),
    classes: CLASSES,
    rows: rows.map((row) => ({ ...row, weight: scale(outcomeOf(row)) })),
  };
}

function outcomeOf({ class: k }: TableRow): Outcome {
  if (k === NOT_A_LANDMARK) return 'none';
  return k === ANOTHER_LANDMARK ? 'another' : 'right';
}

function rowOf(
  { query, trace, matches: all, withoutOwn }: VerifiedQuery,
  view: Viewing,
  labels: readonly string[],
  photosOf: (label: number) => number,
  { ranking, verification, groupOf }: TableOptions,
): TableRow | null {
  const seen = seenMatches(all, view, trace.ranked[0]?.label);
  const matches = untilSettled(trace.ranked, seen, verification);
  const row = treeRow({ trace, matches, photosOf, ranking, verification });
  if (!row) return null;
  const place = row.choices.findIndex(({ label }) => labels[label] === query.label);
  const missed = query.landmark ? ANOTHER_LANDMARK : NOT_A_LANDMARK;
  return {
    values: row.values.map((value) => (Number.isFinite(value) ? value : null)),
    class: query.label !== '' && place >= 0 ? place : missed,
    group: groupOf(query.path),
    listed: query.label !== '',
    view,
    whole: !withoutOwn,
    weight: 1,
  };
}

function seenMatches(
  all: readonly ViewMatch[],
  view: Viewing,
  best: number | undefined,
): readonly ViewMatch[] {
  switch (view) {
    case 'matched':
      return all;
    case 'unmatched':
      return [];
    case 'partly':
      return all.filter(({ label }) => label !== best);
  }
}
