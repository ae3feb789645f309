// The rows that one HNSW graph covers: those of one shard, or of several one after another.
import { sha256Sync } from '../weights/sha256.ts';
import { MAX_SHARD_BYTES, type ShardEntry } from './collection.ts';
import { GRAPH_BYTES, LINK_BYTES } from './presets.ts';
import { rowVector, type Shard } from './shard.ts';

/** How the keys of kept graphs begin. */
export const GRAPH_KEYS = 'hnsw/';

export interface GraphRows {
  readonly rows: number;
  readonly dim: number;
  /** Writes the unit-length embedding of a row into `out` [dim]. */
  readonly vector: (row: number, out: Float32Array) => void;
}

/** Memory of a graph over so many rows, bytes: float32 and links. */
export function graphBytes(rows: number, dim: number): number {
  return rows * (4 * dim + LINK_BYTES);
}

/**
 * Which shards share a graph, in their order. A search costs about as much in a graph of 100 000 rows as in one of
 * 30 000, so that full shards are taken together; smaller ones, which come and go as rows are added, have one each, so
 * that little is built anew.
 */
export function graphGroups<S extends ShardEntry>(
  shards: readonly S[],
  dim: number,
): readonly (readonly S[])[] {
  const groups: S[][] = [];
  let open: S[] = [];
  let rows = 0;
  for (const shard of shards) {
    const full = 2 * shard.bytes > MAX_SHARD_BYTES;
    if (!full || graphBytes(rows + shard.rows, dim) > GRAPH_BYTES.one) {
      open = [];
      rows = 0;
    }
    if (open.length === 0) groups.push(open);
    open.push(shard);
    rows += shard.rows;
    if (full) continue;
    open = [];
    rows = 0;
  }
  return groups;
}

/** Names what a graph of these shards was made of; that of a single one is its own SHA-256. */
export function groupSha256(shards: readonly Pick<ShardEntry, 'sha256'>[]): string {
  const [first] = shards;
  return shards.length === 1 && first
    ? first.sha256
    : sha256Sync(new TextEncoder().encode(shards.map(({ sha256 }) => sha256).join('\n')));
}

/** @param shards at least one, of one dimension */
export function rowsOfShards(shards: readonly Shard[]): GraphRows {
  const starts: number[] = [];
  let rows = 0;
  for (const shard of shards) {
    starts.push(rows);
    rows += shard.rows;
  }
  return {
    rows,
    dim: shards[0]?.dim ?? 0,
    vector: (row, out) => {
      const at = starts.findLastIndex((start) => start <= row);
      rowVector(shards[at]!, row - starts[at]!, out);
    },
  };
}
