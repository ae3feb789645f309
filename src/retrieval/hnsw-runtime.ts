// Loads hnswlib-wasm in a worker or in Node, with its file access led to plain byte arrays.
//
// The package saves a graph into an in-memory file system that it mirrors whole into a database of
// its own, vectors and all, and offers no bytes. Its files are therefore served here, where its
// WebAssembly module imports them: one file at a time, in memory, no database.
import type { HnswGraph, HnswlibModule } from 'hnswlib-wasm/lib/hnswlib.mjs';
import type { Bytes } from '../weights/sha256.ts';
import { serveEmbindWithoutEval } from './embind-closures.ts';

export type { HnswGraph } from 'hnswlib-wasm/lib/hnswlib.mjs';

/** Written into the key of every stored graph: another build may lay its files out differently. */
export const HNSWLIB_VERSION = '0.8.2';

export interface HnswRuntime {
  /** An empty graph over inner products; `delete()` it when done. */
  create(dim: number): HnswGraph;
  /** The bytes of the library's own file format. */
  save(graph: HnswGraph): Bytes;
  /** Reads bytes that `save` gave, and nothing else: the library trusts them blindly. */
  load(graph: HnswGraph, file: Bytes, maxElements: number): void;
}

let loading: Promise<HnswRuntime> | undefined;

/** The one instance of this thread. Rejects where WASM exceptions are missing (Safari before 15.2). */
export function loadHnsw(): Promise<HnswRuntime> {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

type Imports = Record<string, (...args: number[]) => number>;

async function load(): Promise<HnswRuntime> {
  serveEmbindWithoutEval();
  const { default: factory } = await import('hnswlib-wasm/lib/hnswlib.mjs');
  const files = new FileServer();
  const lib = await withHooks(factory, (imports) => files.hook(imports));
  files.heap = () => lib.HEAPU8.buffer as ArrayBuffer;
  // Ours by the hooks: nothing is mounted, but saving refuses to work before this call.
  lib.EmscriptenFileSystemManager.initializeFileSystem('IDBFS');
  return {
    create: (dim) => new lib.HierarchicalNSW('ip', dim, ''),
    save: (graph) => files.write(() => graph.writeIndex('graph')),
    load: (graph, file, max) => files.read(file, () => graph.readIndex('graph', max)),
  };
}

/**
 * Runs the package's factory with access to what its WASM module imports. The package has no hook
 * that leaves it its embedded binary, so `WebAssembly.instantiate` is wrapped until it has been
 * called for this module; all other modules pass through untouched.
 */
async function withHooks(
  factory: () => Promise<HnswlibModule>,
  hook: (imports: Imports) => void,
): Promise<HnswlibModule> {
  const original = WebAssembly.instantiate;
  const wrapped = (source: BufferSource, imports?: WebAssembly.Imports) => {
    const env = imports?.env as Imports | undefined;
    if (env && 'syncIdb_js' in env) {
      WebAssembly.instantiate = original;
      hook(env);
    }
    return original(source, imports);
  };
  WebAssembly.instantiate = wrapped as typeof WebAssembly.instantiate;
  try {
    return await asInWorker(factory);
  } finally {
    WebAssembly.instantiate = original;
  }
}

/** The factory checks, at once when called, that it is in a page or worker; Node does as well. */
function asInWorker<T>(work: () => T): T {
  const scope = globalThis as { importScripts?: unknown; window?: unknown };
  if (typeof scope.window === 'object' || typeof scope.importScripts === 'function') return work();
  scope.importScripts = () => undefined;
  try {
    return work();
  } finally {
    delete scope.importScripts;
  }
}

/** Far above any descriptor that the module's own file system gives out. */
const DESCRIPTOR = 9000;
const ENOENT = -44;
const ENOTTY = -59;
const IO_VECTOR_BYTES = 8;
const FIRST_BUFFER_BYTES = 1 << 20;

/** One file in memory, as seen through the system calls of musl's stdio. */
class FileServer {
  /** The module's memory; it moves when it grows. */
  heap: () => ArrayBuffer = () => new ArrayBuffer(0);
  #bytes: Bytes | null = null;
  #length = 0;
  #position = 0;

  write(work: () => void): Bytes {
    this.#begin(new Uint8Array(FIRST_BUFFER_BYTES), 0);
    try {
      work();
      return this.#bytes!.slice(0, this.#length);
    } finally {
      this.#bytes = null;
    }
  }

  read(file: Bytes, work: () => void): void {
    this.#begin(file, file.length);
    try {
      work();
    } finally {
      this.#bytes = null;
    }
  }

  #begin(bytes: Bytes, length: number): void {
    this.#bytes = bytes;
    this.#length = length;
    this.#position = 0;
  }

  /** Puts ours in the place of the module's imports; other descriptors (its output) stay its own. */
  hook(imports: Imports): void {
    const take = (name: string, ours: (...args: number[]) => number): void => {
      const theirs = imports[name];
      if (!theirs) throw new Error(`hnswlib-wasm does not import ${name}: another version?`);
      imports[name] = (...args) => (args[0] === DESCRIPTOR ? ours(...args) : theirs(...args));
    };
    imports.__syscall_openat = () => (this.#bytes ? DESCRIPTOR : ENOENT);
    // Neither mounts nor copies anything: what is saved never enters the module's file system.
    imports.emscripten_asm_const_int = () => 0;
    imports.syncIdb_js = () => 0;
    take('__syscall_fcntl64', () => 0);
    take('__syscall_ioctl', () => ENOTTY);
    take('fd_close', () => 0);
    take('fd_seek', (_, low = 0, high = 0, whence = 0, out = 0) =>
      this.#seek(low, high, whence, out),
    );
    take('fd_write', (_, vectors = 0, count = 0, out = 0) =>
      this.#transfer(vectors, count, out, (at, length) => this.#append(at, length)),
    );
    take('fd_read', (_, vectors = 0, count = 0, out = 0) =>
      this.#transfer(vectors, count, out, (at, length) => this.#give(at, length)),
    );
  }

  #seek(low: number, high: number, whence: number, out: number): number {
    const offset = high * 2 ** 32 + (low >>> 0);
    this.#position = offset + [0, this.#position, this.#length][whence]!;
    const view = new DataView(this.heap());
    view.setBigInt64(out, BigInt(this.#position), true);
    return 0;
  }

  #transfer(
    vectors: number,
    count: number,
    out: number,
    move: (at: number, length: number) => number,
  ): number {
    const view = new DataView(this.heap());
    let total = 0;
    for (let i = 0; i < count; i++) {
      const vector = vectors + i * IO_VECTOR_BYTES;
      total += move(view.getUint32(vector, true), view.getUint32(vector + 4, true));
    }
    view.setUint32(out, total, true);
    return 0;
  }

  #append(at: number, length: number): number {
    const end = this.#position + length;
    if (end > this.#bytes!.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes!.length));
      larger.set(this.#bytes!);
      this.#bytes = larger;
    }
    this.#bytes!.set(new Uint8Array(this.heap(), at, length), this.#position);
    this.#position = end;
    this.#length = Math.max(this.#length, end);
    return length;
  }

  #give(at: number, length: number): number {
    const given = Math.max(0, Math.min(length, this.#length - this.#position));
    const part = this.#bytes!.subarray(this.#position, this.#position + given);
    new Uint8Array(this.heap(), at, given).set(part);
    this.#position += given;
    return given;
  }
}
