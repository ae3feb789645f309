// Makes the collections that the search benchmark opens, and times what opening them costs.
import type { OnProgress } from '../src/progress.ts';
import { parseCollection } from '../src/retrieval/collection.ts';
import { graphGroups, groupSha256 } from '../src/retrieval/graph-rows.ts';
import { IndexService } from '../src/retrieval/index-service.ts';
import { openInstalled } from '../src/retrieval/install.ts';
import { MemoryStore } from '../src/retrieval/memory-store.ts';
import type { HnswParams } from '../src/retrieval/presets.ts';
import type { Shard } from '../src/retrieval/shard.ts';
import {
  type CollectionHead,
  type CollectionRow,
  writeCollection,
} from '../src/retrieval/writer.ts';
import type { ClusteredVectors } from './clustered.ts';

export interface OpenCost {
  /** Building all graphs that were not kept from a larger collection. */
  readonly buildSeconds: number;
  /** From the store to the first exact answer: read, verify, decode. */
  readonly openMs: number;
  /** Kept graphs back in place. */
  readonly restoreMs: number;
  readonly fileBytes: number;
  /** Of the kept graphs. */
  readonly graphBytes: number;
}

/** One store for all sizes, and what is needed to fill it. */
export class CollectionStopwatch {
  readonly store = new MemoryStore();
  constructor(
    readonly vectors: ClusteredVectors,
    readonly dim: number,
    readonly params: HnswParams,
    readonly onProgress: OnProgress | undefined,
  ) {}

  /** Rows in an order that mixes places: the first n of them are a smaller collection of the same kind. */
  *rows(count: number): Generator<CollectionRow> {
    const { places } = this.vectors;
    for (let i = 0; i < count; i++) {
      if (i % 1000 === 0) {
        this.onProgress?.({
          stage: 'encode',
          done: i,
          total: count,
          unit: 'rows',
          item: 'vectors',
        });
      }
      const embedding = this.vectors.photo(i % places.length, Math.floor(i / places.length));
      yield { embedding, label: 0, bankSimilarity: 0 };
    }
  }
}

export async function openBenchCollection(
  bench: CollectionStopwatch,
  rows: number,
): Promise<{
  service: IndexService;
  shards: readonly Shard[];
  graphBytes: number;
  cost: OpenCost;
}> {
  const name = `bench-${rows}`;
  await install(bench, name, rows);
  const { store, params } = bench;
  const { collection, shards } = await openInstalled(name, store);
  const fresh = (): IndexService => new IndexService({ store, graphs: 'lazy', hnsw: params });

  const builder = fresh();
  await builder.open({ kind: 'installed', name });
  const building = performance.now();
  const fits = await builder.ready({ onProgress: bench.onProgress }).then(
    () => true,
    () => false, // too large for graphs
  );
  const buildSeconds = (performance.now() - building) / 1000;
  builder.close();

  const service = fresh();
  const opening = performance.now();
  await service.open({ kind: 'installed', name });
  const openMs = performance.now() - opening;
  const restoring = performance.now();
  if (fits) await service.ready();
  const restoreMs = performance.now() - restoring;

  let graphBytes = 0;
  const groups = graphGroups(collection.shards, bench.dim).map(groupSha256);
  for (const key of await store.listValues('hnsw/')) {
    if (!groups.some((sha256) => key.endsWith(sha256))) continue;
    graphBytes += ((await store.getValue(key)) as { bytes: Uint8Array }).bytes.length;
  }
  const fileBytes = collection.shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const cost = { buildSeconds, openMs, restoreMs, fileBytes, graphBytes };
  return { service, shards, graphBytes, cost };
}

async function install(bench: CollectionStopwatch, name: string, rows: number): Promise<void> {
  const head: CollectionHead = {
    name,
    encoder: { id: 'bench', weightsSha256: '0'.repeat(64) },
    bank: { sha256: '0'.repeat(64) },
    dimension: bench.dim,
    licence: 'CC0-1.0',
    attribution: '',
    created: '2025-01-01T00:00:00Z',
    labels: [
      {
        label: 'bench',
        title: { en: 'Bench', zh: '基准' },
        country: null,
        lat: null,
        lon: null,
        wikidata: null,
      },
    ],
  };
  const shards: Uint8Array<ArrayBuffer>[] = [];
  for await (const { file, bytes } of writeCollection(head, bench.rows(rows))) {
    if (file.endsWith('.bin')) {
      shards.push(bytes);
      continue;
    }
    const { shards: entries } = parseCollection(bytes);
    for (const [i, entry] of entries.entries()) await bench.store.putFile(entry.sha256, shards[i]!);
    const files = entries.map((entry) => entry.sha256);
    const installed = '2025-01-01T00:00:00Z';
    await bench.store.putCollection({ name, url: null, json: bytes, files, installed });
  }
}
