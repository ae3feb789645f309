// An encoder's network, loaded and ready: views of a photo in, one vector out.
import { CairnError } from '../errors.ts';
import type { View } from '../imaging/to-tensor.ts';
import { type EmittedEncoder, emitEncoderOnnx } from '../nets/encoder.ts';
import type { Weights } from '../weights/safetensors.ts';
import type { BackendChoice } from './backend.ts';
import type { Floats, InferenceRuntime } from './session.ts';

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

/** Emits the graph and loads it. Throws `model-invalid` for unfit weights, `inference-failed`. */
export async function openNetwork(
  runtime: InferenceRuntime,
  choice: BackendChoice,
  entry: EmittedEncoder,
  weights: Weights,
  output: NetworkOutput,
): Promise<EncoderNetwork> {
  const onnx = emitEncoderOnnx(weights, entry, { output });
  const session = await runtime.createSession(onnx, choice);
  return {
    async run(views) {
      const inputs: Record<string, Floats> = {};
      for (const [i, { data, width, height }] of views.entries()) {
        inputs[`view${i}`] = { data, dims: [1, 3, height, width] };
      }
      const vector = (await session.run(inputs))[output]?.data;
      assertUnit(vector);
      return vector;
    },
    release: () => session.release(),
  };
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
