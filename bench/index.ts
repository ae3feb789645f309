// Benchmark of search: HNSW beside exact search in int8 and float32, and where one overtakes the other.

import type { OnProgress } from '../src/progress.ts';
import { createScorer, type ShardScorer } from '../src/retrieval/exact/scorer.ts';
import { compareHits, type Hit, topK } from '../src/retrieval/exact/top-k.ts';
import type { IndexService } from '../src/retrieval/index-service.ts';
import { CROSSOVER_ROWS, HNSW, type HnswParams } from '../src/retrieval/presets.ts';
import type { SearchEngine } from '../src/retrieval/search.ts';
import type { Shard } from '../src/retrieval/shard.ts';
import { ClusteredVectors } from './clustered.ts';
import { CollectionStopwatch, openBenchCollection } from './index-collection.ts';
import { type Timing, timing } from './statistics.ts';

export interface BenchIndexOptions {
  /** Rows of the largest collection. */
  readonly n: number;
  readonly dim: number;
  /** At least 200 are asked. */
  readonly queries?: number;
  readonly k?: number;
  readonly seed?: number;
  /** Rows of the collections measured on the way to the crossover; n is always among them. */
  readonly sizes?: readonly number[];
  readonly hnsw?: HnswParams;
  readonly onProgress?: OnProgress;
}

export interface EngineFigures extends Timing {
  /** Share of the true k nearest that were found. */
  readonly recallAtK: number;
  /** Memory that its rows and links take. */
  readonly bytes: number;
}

interface SizeFigures {
  readonly rows: number;
  readonly shards: number;
  /** Null where the product builds no graphs. */
  readonly hnsw: EngineFigures | null;
  readonly exactInt8: EngineFigures;
  readonly exactFloat32: EngineFigures;
  /** As the product answers: each group of shards by what is faster for it. */
  readonly product: Omit<EngineFigures, 'bytes'> & { readonly engine: SearchEngine };
}

const DEFAULT_QUERIES = 200;
const DEFAULT_K = 10;
const WARM_UP = 10;
const MOST_HALVED = 200_000;

/** Everything that `cairn bench index --json` prints. Times are milliseconds unless named otherwise. */
export async function benchIndex(options: BenchIndexOptions) {
  const { n, dim } = options;
  const k = options.k ?? DEFAULT_K;
  const params = options.hnsw ?? HNSW;
  const queries = Math.max(DEFAULT_QUERIES, options.queries ?? 0);
  const seed = options.seed ?? 1;
  const vectors = new ClusteredVectors({ rows: n, dim, seed });
  const store = new CollectionStopwatch(vectors, dim, params, options.onProgress);
  const asked = Array.from({ length: queries + WARM_UP }, (_, i) =>
    // A photo number that no row has: queries come from the same places, never from the same photos.
    vectors.photo(Math.floor((i * vectors.places.length) / (queries + WARM_UP)), 1_000_000 + i),
  );

  const sizes = [...new Set([n, ...(options.sizes ?? defaultSizes(n))])]
    .filter((size) => size >= 1 && size <= n)
    .sort((a, b) => b - a);
  const measured: SizeFigures[] = [];
  let build = { buildSeconds: 0, openMs: 0, restoreMs: 0, fileBytes: 0, graphBytes: 0 };
  for (const rows of sizes) {
    // The largest comes first; smaller ones begin with the same shards and find their graphs kept.
    const opened = await openBenchCollection(store, rows);
    if (rows === n) build = opened.cost;
    measured.unshift(await measure(opened.service, opened.shards, opened.graphBytes, asked, k));
    opened.service.close();
  }
  const largest = measured.at(-1)!;
  const { product } = largest;
  return {
    bench: 'index',
    unit: 'ms',
    backend: 'wasm-simd, 1 thread',
    rows: n,
    dim,
    k,
    places: vectors.places.length,
    params,
    /** What the product answers with at this size. */
    engine: product.engine,
    median: product.median,
    p95: product.p95,
    n: product.n,
    recallAtK: product.recallAtK,
    ...build,
    engines: {
      hnsw: largest.hnsw,
      exactInt8: largest.exactInt8,
      exactFloat32: largest.exactFloat32,
    },
    /** Rows from which HNSW is faster than exact int8; null where it is at no measured size. */
    crossoverRows: crossover(measured),
    productCrossoverRows: CROSSOVER_ROWS,
    sizes: measured,
  };
}

/** Halvings of n down to a few thousand rows; of a very large n none, whose graphs would take minutes each. */
function defaultSizes(n: number): number[] {
  if (n > MOST_HALVED) return [n];
  const sizes: number[] = [];
  for (let size = n; size >= Math.min(n, 2500); size = Math.floor(size / 2)) sizes.push(size);
  return sizes;
}

async function measure(
  service: IndexService,
  shards: readonly Shard[],
  graphBytes: number,
  asked: readonly Float32Array[],
  k: number,
): Promise<SizeFigures> {
  const float = await Promise.all(
    shards.map((shard) => createScorer(shard, { format: 'float32' })),
  );
  const times = {
    hnsw: [] as number[],
    exactInt8: [] as number[],
    exactFloat32: [] as number[],
    product: [] as number[],
  };
  const found = { hnsw: 0, exactInt8: 0, product: 0 };
  let engine: SearchEngine = 'exact';
  const { hnswShards, hnswError } = service.status();
  const withGraphs = hnswError === null && hnswShards === shards.length;
  const timed = async <T>(
    list: number[],
    count: boolean,
    work: () => T | Promise<T>,
  ): Promise<T> => {
    const began = performance.now();
    const result = await work();
    if (count) list.push(performance.now() - began);
    return result;
  };
  let total = 0;
  for (const [i, query] of asked.entries()) {
    // Interleaved, so that whatever else the machine does weighs on all three alike.
    const count = i >= WARM_UP;
    const truth = await timed(times.exactFloat32, count, () => searchAll(float, query, k));
    const graph = withGraphs
      ? await timed(times.hnsw, count, () => service.search(query, { k, engine: 'hnsw' }))
      : null;
    const int8 = await timed(times.exactInt8, count, () =>
      service.search(query, { k, engine: 'exact' }),
    );
    const usual = await timed(times.product, count, () => service.search(query, { k }));
    engine = usual.engine;
    const wanted = new Set(truth.map((hit) => hit.row));
    found.hnsw += (graph?.neighbours ?? []).filter(({ row }) => wanted.has(row)).length;
    found.product += usual.neighbours.filter(({ row }) => wanted.has(row)).length;
    found.exactInt8 += int8.neighbours.filter(({ row }) => wanted.has(row)).length;
    total += wanted.size;
  }
  const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
  const dim = shards[0]!.dim;
  return {
    rows,
    shards: shards.length,
    hnsw: withGraphs
      ? {
          ...timing(times.hnsw),
          recallAtK: found.hnsw / total,
          bytes: rows * (dim * 4 + 4) + graphBytes,
        }
      : null,
    exactInt8: {
      ...timing(times.exactInt8),
      recallAtK: found.exactInt8 / total,
      bytes: rows * (dim + 4),
    },
    exactFloat32: { ...timing(times.exactFloat32), recallAtK: 1, bytes: rows * dim * 4 },
    product: { ...timing(times.product), recallAtK: found.product / total, engine },
  };
}

function searchAll(scorers: readonly ShardScorer[], query: Float32Array, k: number): Hit[] {
  const hits: Hit[] = [];
  let start = 0;
  for (const scorer of scorers) {
    for (const { row, similarity } of topK(scorer.score(query), k)) {
      hits.push({ row: row + start, similarity });
    }
    start += scorer.shard.rows;
  }
  return hits.sort(compareHits).slice(0, k);
}

/** Where the medians cross between the two neighbouring sizes, on a logarithmic scale of rows. */
function crossover(measured: readonly SizeFigures[]): number | null {
  const advantage = (size: SizeFigures): number =>
    size.hnsw ? Math.log(size.exactInt8.median / size.hnsw.median) : -1;
  const after = measured.findIndex((_, i) =>
    measured.slice(i).every((size) => advantage(size) > 0),
  );
  if (after < 0) return null;
  if (after === 0) return measured[0]!.rows;
  const [low, high] = [measured[after - 1]!, measured[after]!];
  const share = advantage(low) / (advantage(low) - advantage(high));
  return Math.round(low.rows * (high.rows / low.rows) ** share);
}
