// A network loaded into onnxruntime: the same shape in browsers and Node, on WebGPU, WASM or native.
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-web';
import { CairnError } from '../errors.ts';
import type { BackendChoice, BackendWish, MachineFacts } from './backend.ts';

/** A dense float32 array; row-major. */
export interface Floats {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface Session {
  /** Runs once; calls must not overlap. Throws `inference-failed`. */
  run(inputs: Readonly<Record<string, Floats>>): Promise<Readonly<Record<string, Floats>>>;
  release(): Promise<void>;
}

/** What a place (a browser, Node) offers for running networks. */
export interface InferenceRuntime {
  /** Looks at the machine; cheap after the first time. */
  facts(): Promise<MachineFacts>;
  /** What is asked for when the caller does not say: the environment or `auto`. */
  readonly defaultWish: BackendWish;
  /** Throws `inference-failed` when the network cannot be loaded on the chosen backend. */
  createSession(onnx: Uint8Array, choice: BackendChoice): Promise<Session>;
}

/** What this file needs of onnxruntime-web or onnxruntime-node. */
export interface Ort {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

/** @param providers execution providers, first choice first, such as `['wasm']` */
export async function createOrtSession(
  ort: Ort,
  onnx: Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<Session> {
  const session = await ort.InferenceSession.create(onnx, {
    graphOptimizationLevel: 'all',
    // Warnings of the optimiser say nothing to a user.
    logSeverityLevel: 3,
    ...options,
  }).catch((cause) => Promise.reject(failed('The network could not be loaded', cause)));
  return {
    async run(inputs) {
      const feeds: Record<string, Tensor> = {};
      for (const [name, { data, dims }] of Object.entries(inputs)) {
        feeds[name] = new ort.Tensor('float32', data, dims);
      }
      try {
        return await readAll(await session.run(feeds));
      } catch (cause) {
        throw failed('The network could not be run', cause);
      }
    },
    release: () => session.release(),
  };
}

/** Copies the results out, so that they outlive the runtime's buffers, and frees those. */
async function readAll(results: InferenceSession.ReturnType): Promise<Record<string, Floats>> {
  const read: Record<string, Floats> = {};
  for (const [name, tensor] of Object.entries(results as Record<string, Tensor>)) {
    const data = await tensor.getData();
    if (!(data instanceof Float32Array)) throw new TypeError(`output "${name}" is ${tensor.type}`);
    read[name] = { data: data.slice(), dims: [...tensor.dims] };
    tensor.dispose();
  }
  return read;
}

function failed(what: string, cause: unknown): CairnError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CairnError(
    'inference-failed',
    `${what}: ${why}.`,
    'Reload; if it happens again, choose the backend "wasm" in the settings.',
    { cause },
  );
}
