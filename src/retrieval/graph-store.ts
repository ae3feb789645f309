// HNSW graphs from one visit to the next: kept under their rows' hash, checked against their own.
import { CairnError } from '../errors.ts';
import { type Bytes, sha256Hex } from '../weights/sha256.ts';
import type { GraphRows } from './graph-rows.ts';
import { graphKey, HnswIndex } from './hnsw.ts';
import type { HnswParams } from './presets.ts';
import type { CairnStore } from './store.ts';

interface StoredGraph {
  readonly sha256: string;
  readonly bytes: Bytes;
}

function isStoredGraph(value: unknown): value is StoredGraph {
  const { sha256, bytes } = (value ?? {}) as Partial<StoredGraph>;
  return typeof sha256 === 'string' && bytes instanceof Uint8Array;
}

/** The graph as it was kept; null, and forgotten, where it is missing, damaged or of other rows. */
export async function restoreGraph(
  store: CairnStore,
  sha256: string,
  over: GraphRows,
  params: HnswParams,
): Promise<HnswIndex | null> {
  const key = graphKey(sha256, params);
  const kept = await store.getValue(key).catch(() => undefined);
  if (kept === undefined) return null;
  try {
    if (isStoredGraph(kept) && (await sha256Hex(kept.bytes)) === kept.sha256) {
      return await HnswIndex.restore(over, params, kept.bytes);
    }
  } catch (error) {
    if (error instanceof CairnError && error.code === 'backend-unavailable') throw error;
  }
  await store.deleteValue(key).catch(() => undefined);
  return null;
}

/** Keeps a graph. It can always be built again, so a full or broken store is no failure here. */
export async function keepGraph(
  store: CairnStore,
  sha256: string,
  graph: HnswIndex,
  params: HnswParams,
): Promise<void> {
  const bytes = graph.save();
  const stored: StoredGraph = { sha256: await sha256Hex(bytes), bytes };
  await store.putValue(graphKey(sha256, params), stored).catch(() => undefined);
}
