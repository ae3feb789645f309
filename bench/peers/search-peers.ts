// Other indexes of vectors, each with the settings nearest to ours: the same links and candidates.
import { readFileSync } from 'node:fs';
import { HNSW } from '../../src/retrieval/presets.ts';
import { importPeer, peerFile, requirePeer } from './install.ts';

export interface PeerIndex {
  /** Rows of the k nearest, in any order. */
  search(query: Float32Array, k: number): ArrayLike<number> | Promise<ArrayLike<number>>;
}

export interface SearchPeer {
  readonly name: string;
  readonly runsAs: 'native' | 'wasm' | 'plain JavaScript';
  /** Rows up to which it is measured: beyond, building takes longer than anybody waits. */
  readonly most: number;
  /** @param vectors [rows × dim], L2-normalised */
  readonly build: (vectors: Float32Array, dim: number) => PeerIndex | Promise<PeerIndex>;
}

const { m, efConstruction, efSearch } = HNSW;

interface Usearch {
  Index: new (
    options: Readonly<Record<string, unknown>>,
  ) => {
    add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
    search(query: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array };
  };
  exactSearch(
    rows: Float32Array,
    query: Float32Array,
    dim: number,
    k: number,
    metric: string,
    threads: number,
  ): { readonly keys: BigUint64Array };
}

function usearch(quantization: 'f32' | 'i8'): SearchPeer['build'] {
  return (vectors, dim) => {
    const { Index } = requirePeer<Usearch>('usearch');
    const index = new Index({
      metric: 'ip',
      dimensions: dim,
      quantization,
      connectivity: m,
      expansion_add: efConstruction,
      expansion_search: efSearch,
      multi: false,
    });
    index.add(
      BigUint64Array.from({ length: vectors.length / dim }, (_, i) => BigInt(i)),
      vectors,
      1,
    );
    return { search: (query, k) => Array.from(index.search(query, k, 1).keys, Number) };
  };
}

function usearchExact(vectors: Float32Array, dim: number): PeerIndex {
  const { exactSearch } = requirePeer<Usearch>('usearch');
  return {
    search: (query, k) => Array.from(exactSearch(vectors, query, dim, k, 'ip', 1).keys, Number),
  };
}

interface EdgeVecModule {
  initSync(options: { module: Uint8Array }): void;
  EdgeVecConfig: new (
    dim: number,
  ) => {
    metric: string;
    m: number;
    m0: number;
    ef_construction: number;
    ef_search: number;
  };
  EdgeVec: new (
    config: unknown,
  ) => {
    insert(vector: Float32Array): number;
    search(query: Float32Array, k: number): { readonly id: number }[];
  };
}

async function edgevec(vectors: Float32Array, dim: number): Promise<PeerIndex> {
  const lib = await importPeer<EdgeVecModule>('edgevec/edgevec.js');
  lib.initSync({ module: readFileSync(peerFile('edgevec/edgevec_bg.wasm')) });
  const config = new lib.EdgeVecConfig(dim);
  // Of unit vectors the nearest are the same; its inner product of version 0.9.0 gives the farthest.
  config.metric = 'l2';
  config.m = m;
  config.m0 = 2 * m;
  config.ef_construction = efConstruction;
  config.ef_search = efSearch;
  const index = new lib.EdgeVec(config);
  const rowOf = new Map<number, number>();
  for (let row = 0; row < vectors.length / dim; row++) {
    rowOf.set(index.insert(vectors.slice(row * dim, (row + 1) * dim)), row);
  }
  return { search: (query, k) => index.search(query, k).map(({ id }) => rowOf.get(id) ?? -1) };
}

interface VoyModule {
  __wbg_set_wasm(exports: WebAssembly.Exports): void;
  Voy: new (resource: {
    embeddings: readonly { id: string; title: string; url: string; embeddings: number[] }[];
  }) => { search(query: Float32Array, k: number): { neighbors: readonly { id: string }[] } };
}

/** A k-d tree. Its package is for bundlers: its module is instantiated here as they would. */
async function voy(vectors: Float32Array, dim: number): Promise<PeerIndex> {
  const lib = await importPeer<VoyModule>('voy-search/voy_search_bg.js');
  const wasm = readFileSync(peerFile('voy-search/voy_search_bg.wasm'));
  const imports = { './voy_search_bg.js': lib as unknown as WebAssembly.ModuleImports };
  const { instance } = await WebAssembly.instantiate(wasm, imports);
  lib.__wbg_set_wasm(instance.exports);
  const index = new lib.Voy({
    embeddings: Array.from({ length: vectors.length / dim }, (_, row) => ({
      id: String(row),
      title: '',
      url: '',
      embeddings: Array.from(vectors.subarray(row * dim, (row + 1) * dim)),
    })),
  });
  return { search: (query, k) => index.search(query, k).neighbors.map(({ id }) => Number(id)) };
}

/** The loop that one would write first; its answers are the truth that recall is counted against. */
export function plainExact(vectors: Float32Array, dim: number): PeerIndex {
  const rows = vectors.length / dim;
  const scores = new Float32Array(rows);
  return {
    search(query, k) {
      for (let row = 0, at = 0; row < rows; row++) {
        let sum = 0;
        for (let i = 0; i < dim; i++, at++) sum += vectors[at]! * query[i]!;
        scores[row] = sum;
      }
      const best: number[] = [];
      for (let row = 0; row < rows; row++) {
        if (best.length === k && scores[row]! <= scores[best[k - 1]!]!) continue;
        let place = best.length;
        while (place > 0 && scores[best[place - 1]!]! < scores[row]!) place--;
        best.splice(place, 0, row);
        if (best.length > k) best.pop();
      }
      return best;
    },
  };
}

/** The first is the truth. */
export const SEARCH_PEERS: readonly SearchPeer[] = [
  {
    name: 'exact, a loop over float32',
    runsAs: 'plain JavaScript',
    most: Infinity,
    build: plainExact,
  },
  { name: 'usearch, exact', runsAs: 'native', most: Infinity, build: usearchExact },
  { name: 'usearch, HNSW float32', runsAs: 'native', most: Infinity, build: usearch('f32') },
  { name: 'usearch, HNSW int8', runsAs: 'native', most: Infinity, build: usearch('i8') },
  { name: 'edgevec, HNSW float32', runsAs: 'wasm', most: 10_000, build: edgevec },
  { name: 'voy, k-d tree', runsAs: 'wasm', most: 10_000, build: voy },
];
