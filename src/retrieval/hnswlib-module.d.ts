// The part of hnswlib-wasm 0.8.2 that Cairn uses; the package types its wrapper but not this module.
declare module 'hnswlib-wasm/lib/hnswlib.mjs' {
  export interface HnswGraph {
    initIndex(maxElements: number, m: number, efConstruction: number, randomSeed: number): void;
    /** Loads `/hnswlib-index/<file>`; `ef` falls back to 10. */
    readIndex(file: string, maxElements: number): void;
    /** Saves to `/hnswlib-index/<file>` and then asks for a copy into IndexedDB. */
    writeIndex(file: string): void;
    addPoints(
      points: readonly Float32Array[],
      labels: readonly number[],
      replaceDeleted: boolean,
    ): void;
    setEfSearch(ef: number): void;
    getEfSearch(): number;
    getCurrentCount(): number;
    searchKnn(
      query: Float32Array,
      k: number,
      /** Of a row, by the label that it was added with; true where it may be found. */
      filter: ((label: number) => boolean) | undefined,
    ): { readonly distances: readonly number[]; readonly neighbors: readonly number[] };
    /** Frees the C++ object (embind). */
    delete(): void;
  }

  export interface HnswlibModule {
    HierarchicalNSW: new (
      space: 'ip' | 'cosine' | 'l2',
      dim: number,
      autoSaveFile: string,
    ) => HnswGraph;
    EmscriptenFileSystemManager: { initializeFileSystem(kind: 'IDBFS'): void };
    /** Replaced whenever the memory grows. */
    HEAPU8: Uint8Array;
  }

  export default function factory(): Promise<HnswlibModule>;
}
