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

/** Candidates chosen on photos, whose neighbourhoods are harder than drawn clusters; the rest on these: docs/search.md. */
export const HNSW: HnswParams = {
  m: 16,
  efConstruction: 120,
  efSearch: 200,
  efPerNeighbour: 4,
  seed: 100,
};

/**
 * Rows under one graph from which it answers by default. The medians cross at about 33 000 rows (k = 10, 512-d) by
 * `npm run --silent cairn -- bench index --n 100000 --dim 512 --json`; there both take about 1.3 milliseconds, and
 * exact search misses nothing. docs/search.md has the figures.
 */
export const CROSSOVER_ROWS = 30_000;

/**
 * Most memory that graphs may take in their worker, with the float32 rows that they hold. A larger collection is searched
 * exactly: the library's WASM ends at 2 GB, and a tab should stay below 1.5. One graph alone is smaller, because it is
 * built, kept and put back as a whole.
 */
export const GRAPH_BYTES = { all: 2 ** 30, one: 300 * 2 ** 20 } as const;
/** Of a row's links in memory, at m = 16. */
export const LINK_BYTES = 150;

/**
 * Least share of a shard's rows that may be found for its graph to be asked: a walk that passes mostly rows that
 * may not be found costs more than looking at all, and ends early.
 */
export const LEAST_FINDABLE = 0.1;

/** A graph is built in slices of this many milliseconds, between which searches are answered. */
export const BUILD_SLICE_MS = 30;
