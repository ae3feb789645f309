// The constants of the index, in one place; docs/search.md records the measurements behind them.

export interface HnswParams {
  /** Links of a node on each upper level; twice as many on the lowest. */
  readonly m: number;
  /** Candidates kept while linking a new node. */
  readonly efConstruction: number;
  /** Least number of candidates kept while searching. */
  readonly efSearch: number;
  /** Candidates for each neighbour asked for, where that makes more. */
  readonly efPerNeighbour: number;
  /** Of the random levels: the same shard gives the same graph everywhere. */
  readonly seed: number;
}

/** Measured by `cairn bench index` on clustered vectors, 512-d: docs/search.md. */
export const HNSW: HnswParams = {
  m: 16,
  efConstruction: 120,
  efSearch: 32,
  efPerNeighbour: 1.5,
  seed: 100,
};

/**
 * Rows from which HNSW answers by default. The medians cross at about 8 000 rows (k = 10, 512-d) by
 * `npm run --silent cairn -- bench index --n 100000 --dim 512 --json`; below 10 000 both take about a
 * millisecond, and exact search misses nothing. docs/search.md has the figures.
 */
export const CROSSOVER_ROWS = 10_000;

/** A graph is built in slices of this many milliseconds, between which searches are answered. */
export const BUILD_SLICE_MS = 30;
