// Scores a shard against queries: the WASM-SIMD kernels where they run, plain code elsewhere.
import { rowVector, type Shard } from '../shard.ts';
import { KERNEL_WASM } from './kernel.generated.ts';
import { scorePlain } from './plain.ts';

/** Which code computes exact scores. */
export type ExactKernel = 'wasm-simd' | 'plain';

/** How rows lie in memory: as stored, or widened to float32 (four times int8, no quantised query). */
export type RowFormat = 'int8' | 'float32';

export interface ShardScorer {
  readonly kernel: ExactKernel;
  readonly format: RowFormat;
  /** The shard whose rows are scored; its large arrays may have moved into WASM memory. */
  readonly shard: Shard;
  /**
   * Cosine of every row, [rows]; a view that the next call overwrites.
   * `query`: [dim], L2-normalised.
   */
  score(query: Float32Array): Float32Array;
}

export interface ScorerOptions {
  /** int8 shards stay int8 unless told; fp16 shards are always widened. */
  readonly format?: RowFormat;
  /** Insist on the plain code, for tests and benchmarks. */
  readonly kernel?: ExactKernel;
}

/** One scorer for one shard. Each has a WASM memory of its own, which goes when the scorer goes. */
export async function createScorer(
  shard: Shard,
  options: ScorerOptions = {},
): Promise<ShardScorer> {
  const format = shard.scales ? (options.format ?? 'int8') : 'float32';
  const module = options.kernel === 'plain' ? null : await kernelModule();
  return module ? wasmScorer(module, shard, format) : plainScorer(shard);
}

/** Which code computes exact scores on this machine. */
export async function exactKernel(): Promise<ExactKernel> {
  return (await kernelModule()) ? 'wasm-simd' : 'plain';
}

interface KernelExports {
  scoreInt8(
    codes: number,
    scales: number,
    query: number,
    scores: number,
    rows: number,
    dim: number,
    queryScale: number,
  ): void;
  scoreFloat32(vectors: number, query: number, scores: number, rows: number, dim: number): void;
}

let compiled: Promise<WebAssembly.Module | null> | undefined;

/** Compiled once; null where WASM or its SIMD is missing. */
function kernelModule(): Promise<WebAssembly.Module | null> {
  compiled ??= (async () => {
    try {
      return await WebAssembly.compile(Uint8Array.from(atob(KERNEL_WASM), (c) => c.charCodeAt(0)));
    } catch {
      return null;
    }
  })();
  return compiled;
}

function plainScorer(shard: Shard): ShardScorer {
  const scores = new Float32Array(shard.rows);
  return {
    kernel: 'plain',
    format: shard.scales ? 'int8' : 'float32',
    shard,
    score(query) {
      scorePlain(shard, query, scores);
      return scores;
    },
  };
}

const PAGE_BYTES = 65536;
const ALIGN = 16;

function wasmScorer(module: WebAssembly.Module, shard: Shard, format: RowFormat): ShardScorer {
  const { rows, dim } = shard;
  let end = 0;
  const place = (bytes: number): number => {
    const at = end;
    end = Math.ceil((at + bytes) / ALIGN) * ALIGN;
    return at;
  };
  const codesAt = place(rows * dim * (format === 'int8' ? 1 : 4));
  const scalesAt = place(rows * 4);
  const queryAt = place(dim * 4);
  const scoresAt = place(rows * 4);
  // Exactly what is needed, at once: memory that never grows never detaches the views on it.
  const pages = Math.ceil(end / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { buffer } = memory;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const kernel = instance.exports as unknown as KernelExports;
  const scores = new Float32Array(buffer, scoresAt, rows);

  if (format === 'float32') {
    const vectors = new Float32Array(buffer, codesAt, rows * dim);
    for (let row = 0; row < rows; row++) {
      rowVector(shard, row, vectors.subarray(row * dim, (row + 1) * dim));
    }
    const queryF32 = new Float32Array(buffer, queryAt, dim);
    return {
      kernel: 'wasm-simd',
      format,
      shard,
      score(query) {
        queryF32.set(query);
        kernel.scoreFloat32(codesAt, queryAt, scoresAt, rows, dim);
        return scores;
      },
    };
  }

  const codes = new Int8Array(buffer, codesAt, rows * dim);
  codes.set(shard.codes as Int8Array);
  const scales = new Float32Array(buffer, scalesAt, rows);
  scales.set(shard.scales!);
  const query16 = new Int16Array(buffer, queryAt, dim);
  const range = queryRange(dim);
  return {
    kernel: 'wasm-simd',
    format,
    shard: moved(shard, codes, scales),
    score(query) {
      let peak = 0;
      for (const value of query) peak = Math.max(peak, Math.abs(value));
      const factor = peak > 0 ? range / peak : 0;
      for (let i = 0; i < dim; i++) query16[i] = Math.round(query[i]! * factor);
      kernel.scoreInt8(
        codesAt,
        scalesAt,
        queryAt,
        scoresAt,
        rows,
        dim,
        factor > 0 ? 1 / factor : 0,
      );
      return scores;
    },
  };
}

/** Largest int16 query value for which a whole dot product with int8 codes fits an int32. */
function queryRange(dim: number): number {
  return Math.min(32767, Math.floor((2 ** 31 - 1) / (127 * dim)));
}

/** The shard with its codes in WASM memory and the rest copied, so that the file's bytes can go. */
function moved(
  shard: Shard,
  codes: Int8Array<ArrayBuffer>,
  scales: Float32Array<ArrayBuffer>,
): Shard {
  return {
    ...shard,
    codes,
    scales,
    labels: shard.labels.slice(),
    bankSimilarity: shard.bankSimilarity.slice(),
    sources: shard.sources?.slice() ?? null,
    extra: shard.extra.map((section) => ({ ...section, bytes: section.bytes.slice() })),
  };
}
