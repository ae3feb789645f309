// An HNSW graph over some rows: built in slices, searched, taken out without its vectors, put back.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import type { Bytes } from '../weights/sha256.ts';
import { compareHits, type Hit } from './exact/top-k.ts';
import { GRAPH_KEYS, type GraphRows } from './graph-rows.ts';
import { compactGraph, expandGraph } from './hnsw-graph.ts';
import { HNSWLIB_VERSION, type HnswGraph, type HnswRuntime, loadHnsw } from './hnsw-runtime.ts';
import { BUILD_SLICE_MS, type HnswParams } from './presets.ts';

/** Rows added before the clock is looked at; each batch costs one pass over all labels besides. */
const BATCH_ROWS = 8;

/** Under which a graph is kept: whatever changes it is in it. @param sha256 as `groupSha256` gives it */
export function graphKey(sha256: string, params: HnswParams): string {
  return `${GRAPH_KEYS}${HNSWLIB_VERSION}/${params.m}-${params.efConstruction}-${params.seed}/${sha256}`;
}

/** Holds memory outside the garbage collector's reach until it is closed. */
export class HnswIndex {
  #ef = 0;

  private constructor(
    private readonly runtime: HnswRuntime,
    private readonly graph: HnswGraph,
    private readonly over: GraphRows,
    private readonly params: HnswParams,
  ) {}

  /**
   * Builds the graph, giving way to other work every few milliseconds.
   * @throws CairnError `backend-unavailable` where the library cannot run, `aborted`
   */
  static async build(over: GraphRows, params: HnswParams, work: LongWork = {}): Promise<HnswIndex> {
    const { rows, dim } = over;
    const built = await HnswIndex.#create(over, params);
    const { graph } = built;
    try {
      graph.initIndex(rows, params.m, params.efConstruction, params.seed);
      for (let row = 0; row < rows; ) {
        throwIfAborted(work.signal);
        const end = performance.now() + BUILD_SLICE_MS;
        do {
          const count = Math.min(BATCH_ROWS, rows - row);
          const ids = Array.from({ length: count }, (_, i) => row + i);
          const vectors = ids.map((id) => {
            const vector = new Float32Array(dim);
            over.vector(id, vector);
            return vector;
          });
          graph.addPoints(vectors, ids, false);
          row += count;
        } while (row < rows && performance.now() < end);
        work.onProgress?.({ stage: 'build-index', done: row, total: rows, unit: 'rows' });
        await new Promise((next) => setTimeout(next));
      }
      throwIfAborted(work.signal);
      return built;
    } catch (error) {
      graph.delete();
      throw typed(error);
    }
  }

  /**
   * Puts a graph back that `save` gave. The bytes must have been kept by ourselves and have passed
   * their hash; their structure is checked besides.
   * @throws CairnError `internal` when they do not fit, `backend-unavailable`
   */
  static async restore(over: GraphRows, params: HnswParams, saved: Bytes): Promise<HnswIndex> {
    const file = expandGraph(saved, over, params);
    const restored = await HnswIndex.#create(over, params);
    try {
      restored.runtime.load(restored.graph, file, over.rows);
      return restored;
    } catch (error) {
      restored.graph.delete();
      throw typed(error);
    }
  }

  static async #create(over: GraphRows, params: HnswParams): Promise<HnswIndex> {
    try {
      const runtime = await loadHnsw();
      return new HnswIndex(runtime, runtime.create(over.dim), over, params);
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  /** The links alone; about 140 bytes a row at M = 16. */
  save(): Bytes {
    return compactGraph(this.runtime.save(this.graph), this.over, this.params);
  }

  /**
   * The nearest rows, best first, ties by row; at times fewer than k although there
   * are more, and then the caller asks the exact engine.
   * @param mask [rows], 1 where a row may be found; the graph is walked through the others all the same
   */
  search(query: Float32Array, k: number, mask: Uint8Array | null = null): Hit[] {
    const count = Math.min(k, this.over.rows);
    // The library throws for k above its count, and answers with fewer rows for ef below k.
    const ef = Math.max(this.params.efSearch, Math.ceil(this.params.efPerNeighbour * count));
    if (ef !== this.#ef) this.graph.setEfSearch(ef);
    this.#ef = ef;
    const { distances, neighbors } = this.graph.searchKnn(
      query,
      count,
      mask ? (row) => mask[row] === 1 : undefined,
    );
    return neighbors.map((row, i) => ({ row, similarity: 1 - distances[i]! })).sort(compareHits);
  }

  close(): void {
    this.graph.delete();
  }
}

function typed(error: unknown): CairnError {
  return error instanceof CairnError ? error : unavailable(error);
}

function unavailable(cause: unknown): CairnError {
  return new CairnError(
    'backend-unavailable',
    'The HNSW index cannot run here.',
    'Exact search goes on answering; update the browser for faster search of large collections.',
    { cause },
  );
}
