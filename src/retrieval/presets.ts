// The constants of the index, in one place; docs/search.md records the measurements behind them.

export interface HnswParams {
  /** Links of a node on each upper level; twice as many on the lowest. */
  readonly m: number;
  /** Candidates kept while linking a new node. */
  readonly efConstruction: number;
  /** Candidates kept while searching; raised to k where k is larger. */
  readonly efSearch: number;
  /** Of the random levels: the same shard gives the same graph everywhere. */
  readonly seed: number;
}

/** Measured by `cairn bench index` on clustered vectors, 512-d: docs/search.md. */
export const HNSW: HnswParams = { m: 16, efConstruction: 120, efSearch: 96, seed: 100 };

/**
 * Rows from which HNSW answers by default; below, exact int8 search is at least as fast and misses
 * nothing. Measured by `cairn bench index --dim 512`: docs/search.md.
 */
export const CROSSOVER_ROWS = 40_000;

/** A graph is built in slices of this many milliseconds, between which searches are answered. */
export const BUILD_SLICE_MS = 30;
