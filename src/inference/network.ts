// An encoder's network, loaded and ready: views of a photo in, one vector out.
import { CairnError } from '../errors.ts';
import type { View } from '../imaging/to-tensor.ts';
import {
  type EmitOptions,
  type EmittedEncoder,
  emitEncoderOnnx,
  needsRegions,
  needsSizes,
  type ViewSize,
  viewRegions,
} from '../nets/encoder.ts';
import type { Weights } from '../weights/safetensors.ts';
import type { BackendChoice } from './backend.ts';
import type { Floats, InferenceRuntime, Session } from './session.ts';

/** `descriptor` comes before the whitening, and is what the whitening is fitted on. */
export type NetworkOutput = 'embedding' | 'descriptor';

export interface EncoderNetwork {
  /**
   * @param views as `toViews` makes them from the entry's `input`
   * @returns [dim] or [descriptor length], L2-normalised; throws `inference-failed` when it is not
   */
  run(views: readonly View[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Vectors leave the network with norm 1; more than this off it means wrong numbers. */
const NORM_TOLERANCE = 0.01;

/**
 * Sessions of graphs that are recorded for one size, kept for the sizes that came last: photos come in
 * few aspect ratios, and each session holds the weights once more.
 */
const MAX_SIZED_SESSIONS = 3;

/**
 * Emits the graph and loads it: at once where one serves all sizes, else for each size of views when it
 * first comes. Throws `model-invalid` for unfit weights, `inference-failed`.
 */
export async function openNetwork(
  runtime: InferenceRuntime,
  choice: BackendChoice,
  entry: EmittedEncoder,
  weights: Weights,
  output: NetworkOutput,
): Promise<EncoderNetwork> {
  const open = (options: Pick<EmitOptions, 'sizes'> = {}) =>
    runtime.createSession(emitEncoderOnnx(weights, entry, { output, ...options }), choice);
  const regional = needsRegions(entry);
  const sessions = needsSizes(entry)
    ? new SizedSessions((sizes) => open({ sizes }))
    : oneSession(await open());
  return {
    async run(views) {
      const inputs: Record<string, Floats> = {};
      for (const [i, { data, width, height }] of views.entries()) {
        inputs[`view${i}`] = { data, dims: [1, 3, height, width] };
        if (!regional) continue;
        const { values, shape } = viewRegions(entry, { width, height });
        inputs[`regions${i}`] = { data: values, dims: shape };
      }
      const session = await sessions.of(views);
      const vector = (await session.run(inputs))[output]?.data;
      assertUnit(vector);
      return vector;
    },
    release: () => sessions.release(),
  };
}

/** Where the session for views of some sizes comes from. */
interface Sessions {
  of(views: readonly ViewSize[]): Promise<Session>;
  release(): Promise<void>;
}

function oneSession(session: Session): Sessions {
  return { of: async () => session, release: () => session.release() };
}

class SizedSessions implements Sessions {
  readonly #open: (sizes: readonly ViewSize[]) => Promise<Session>;
  /** By size, those used last at the end. */
  readonly #sessions = new Map<string, Session>();

  constructor(open: (sizes: readonly ViewSize[]) => Promise<Session>) {
    this.#open = open;
  }

  async of(views: readonly ViewSize[]): Promise<Session> {
    const sizes = views.map(({ width, height }) => ({ width, height }));
    const key = sizes.map(({ width, height }) => `${width}x${height}`).join(' ');
    const known = this.#sessions.get(key);
    if (known) this.#sessions.delete(key);
    else await this.#makeRoom();
    const session = known ?? (await this.#open(sizes));
    this.#sessions.set(key, session);
    return session;
  }

  async release(): Promise<void> {
    for (const [key, session] of this.#sessions) {
      this.#sessions.delete(key);
      await session.release();
    }
  }

  /** Lets go of the session that was used longest ago. */
  async #makeRoom(): Promise<void> {
    for (const [key, session] of this.#sessions) {
      if (this.#sessions.size < MAX_SIZED_SESSIONS) return;
      this.#sessions.delete(key);
      await session.release();
    }
  }
}

function assertUnit(vector: Float32Array | undefined): asserts vector is Float32Array {
  const norm = vector ? Math.hypot(...vector) : Number.NaN;
  // Written so that NaN fails too.
  if (Math.abs(norm - 1) <= NORM_TOLERANCE) return;
  throw new CairnError(
    'inference-failed',
    `The network gave a vector of norm ${norm} instead of 1.`,
    'Reload; if it happens again, choose the backend "wasm" in the settings.',
  );
}
