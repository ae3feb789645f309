// Search beside other indexes: the same clustered vectors and queries, in turns, recall against exact float32.
import type { OnProgress } from '../../src/progress.ts';
import { HNSW } from '../../src/retrieval/presets.ts';
import { ClusteredVectors } from '../clustered.ts';
import { CollectionStopwatch, openBenchCollection } from '../index-collection.ts';
import { inRounds, type Way, type WayTiming } from './rounds.ts';
import { type PeerIndex, SEARCH_PEERS, type SearchPeer } from './search-peers.ts';

const K = 10;
const WARM_UP = 10;
const SEED = 1;

export interface SearchRow extends WayTiming {
  readonly name: string;
  readonly runsAs: SearchPeer['runsAs'];
  /** Of processor time; null where nothing is built. */
  readonly buildSeconds: number | null;
  /** Share of the ten nearest that were found. */
  readonly recall: number;
}

export interface SearchPart {
  readonly rows: number;
  readonly dim: number;
  readonly queries: number;
  readonly ways: readonly SearchRow[];
  readonly skipped: readonly string[];
}

interface Built extends PeerIndex {
  readonly name: string;
  readonly runsAs: SearchPeer['runsAs'];
  readonly buildSeconds: number | null;
}

export async function benchSearchPeers(
  rows: number,
  dim: number,
  queries: number,
): Promise<SearchPart> {
  const drawn = new ClusteredVectors({ rows, dim, seed: SEED });
  const { places } = drawn;
  const building = new BuildClock();
  const store = new CollectionStopwatch(drawn, dim, HNSW, building.onProgress);
  const vectors = new Float32Array(rows * dim);
  let at = 0;
  for (const { embedding } of store.rows(rows)) {
    vectors.set(embedding, at);
    at += dim;
  }
  const total = queries + WARM_UP;
  // A photo number that no row has: from the same places, never the same photos.
  const asked = Array.from({ length: total }, (_, i) =>
    drawn.photo(Math.floor((i * places.length) / total), 1_000_000 + i),
  );
  const built: Built[] = await ours(store, rows, building);
  const skipped: string[] = [];
  for (const peer of SEARCH_PEERS) {
    if (rows > peer.most) skipped.push(`${peer.name}: measured up to ${peer.most} rows only`);
    else built.push(await timedBuild(peer, vectors, dim));
  }
  return { rows, dim, queries, ways: await ask(built, asked, queries), skipped };
}

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Between the first and the last word of our graphs' building, which is not all that opening a collection does. */
class BuildClock {
  #began = 0;
  #last = 0;

  readonly onProgress: OnProgress = ({ stage }) => {
    if (stage !== 'build-index') return;
    this.#last = processorSeconds();
    this.#began ||= this.#last;
  };

  get seconds(): number {
    return this.#last - this.#began;
  }
}

/** The product's own service: as it answers by itself, and each of its engines. */
async function ours(
  store: CollectionStopwatch,
  rows: number,
  building: BuildClock,
): Promise<Built[]> {
  const { service } = await openBenchCollection(store, rows);
  const by = (engine?: 'hnsw' | 'exact') => async (query: Float32Array, k: number) => {
    const found = await service.search(query, { k, ...(engine ? { engine } : {}) });
    return found.neighbours.map(({ row }) => row);
  };
  const buildSeconds = building.seconds;
  return [
    { name: 'Cairn, as it chooses', runsAs: 'wasm', buildSeconds, search: by() },
    { name: 'Cairn, exact int8', runsAs: 'wasm', buildSeconds: null, search: by('exact') },
    {
      name: 'Cairn, HNSW float32 (hnswlib-wasm)',
      runsAs: 'wasm',
      buildSeconds,
      search: by('hnsw'),
    },
  ];
}

async function timedBuild(
  { name, runsAs, build }: SearchPeer,
  vectors: Float32Array,
  dim: number,
): Promise<Built> {
  const began = processorSeconds();
  const index = await build(vectors, dim);
  const seconds = processorSeconds() - began;
  const buildSeconds = name.includes('exact') ? null : seconds;
  return { name, runsAs, buildSeconds, search: (query, k) => index.search(query, k) };
}

async function ask(
  built: readonly Built[],
  asked: readonly Float32Array[],
  queries: number,
): Promise<SearchRow[]> {
  const found = new Map(built.map(({ name }) => [name, [] as ArrayLike<number>[]]));
  const ways: Way[] = built.map(({ name, search }) => ({
    name,
    run: async (round) => {
      const nearest = await search(asked[round + WARM_UP]!, K);
      if (round >= 0) found.get(name)!.push(nearest);
    },
  }));
  const times = await inRounds(ways, { rounds: queries, warmUp: WARM_UP });
  const truth = found.get(SEARCH_PEERS[0]!.name)!;
  return built.map(({ name, runsAs, buildSeconds }) => ({
    name,
    runsAs,
    buildSeconds,
    ...times.get(name)!,
    recall: recall(truth, found.get(name)!),
  }));
}

/** Share of what is wanted that was found, over all queries. */
export function recall(
  wanted: readonly ArrayLike<number>[],
  found: readonly ArrayLike<number>[],
): number {
  let [right, all] = [0, 0];
  for (const [i, rows] of wanted.entries()) {
    const one = new Set(Array.from(found[i] ?? []));
    for (const row of Array.from(rows)) if (one.has(row)) right++;
    all += rows.length;
  }
  return right / all;
}
