// The constants of search in PostgreSQL, in one place; docs/scale.md records the measurements behind them.

export interface PostgresParams {
  /** Of the index of pgvector: links of a node on each upper level; twice as many on the lowest. */
  readonly m: number;
  /** Candidates kept while linking a new node. */
  readonly efConstruction: number;
  /** Least number of candidates kept while searching. */
  readonly efSearch: number;
  /** Candidates for each neighbour asked for, where that makes more. */
  readonly efPerNeighbour: number;
  /** Rows up to which a plain scan answers: it misses nothing and is as fast. */
  readonly exactRows: number;
  /** Memory for building the index, at most, in MiB; a graph that does not fit is built many times slower. */
  readonly buildMemoryMb: number;
  /** A search that takes longer is given up. */
  readonly searchTimeoutMs: number;
}

/**
 * Of real photos’ embeddings, 64 candidates find 0.98 of the ten nearest and 0.94 of the fifty, 200 find 0.999 and
 * 0.996; drawn clusters, which are easier, would let one off with fewer. docs/scale.md has the figures.
 */
export const POSTGRES: PostgresParams = {
  m: 16,
  efConstruction: 200,
  efSearch: 200,
  efPerNeighbour: 4,
  exactRows: 8000,
  buildMemoryMb: 2048,
  searchTimeoutMs: 10_000,
};

/** What pgvector allows `hnsw.ef_search` to be. */
export const MAX_EF_SEARCH = 1000;
/** The longest embedding that pgvector can index as halves. */
export const MAX_DIMENSION = 4000;

/** How many candidates a search for `k` neighbours looks at, for {@link POSTGRES} or others. */
export function candidatesFor(k: number, params: PostgresParams): number {
  return Math.max(k, params.efSearch, Math.ceil(params.efPerNeighbour * k));
}
