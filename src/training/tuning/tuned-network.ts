// A network whose head and last stage were tuned: a file of what changed, by its published names, and the
// network that it makes of the encoder it is for.
import { CairnError } from '../../errors.ts';
import type { EncoderIdentity } from '../../retrieval/collection.ts';
import {
  readSafetensors,
  readSafetensorsMetadata,
  toFloat32,
  type Weights,
  writeSafetensors,
} from '../../weights/safetensors.ts';
import { isSha256 } from '../../weights/sha256.ts';

export interface TunedNetwork {
  /** Parameters and statistics of head and last stage, float32, in PyTorch's shapes. */
  readonly weights: Weights;
  /** The encoder whose other parameters it keeps. */
  readonly maker: EncoderIdentity;
  /** Embedding of the built-in picture by the code that trained it: what every backend must agree with. */
  readonly golden: Float32Array;
}

const KIND = 'cairn-tuned-network';
const VERSION = '1';

/** How collections name the tuned form of an encoder; its hash is that of the tuned network's file. */
export function tunedId(encoder: Pick<EncoderIdentity, 'id'>): string {
  return `${encoder.id} (tuned)`;
}

/** A safetensors file; the same bytes for the same network. */
export function encodeTunedNetwork({ weights, maker, golden }: TunedNetwork) {
  const metadata = new Map([
    [KIND, VERSION],
    ['encoder', maker.id],
    ['encoder-sha256', maker.weightsSha256],
    ['golden', JSON.stringify([...golden])],
  ]);
  return writeSafetensors(weights, metadata);
}

/** Throws `model-invalid` for anything but a tuned network. */
export function decodeTunedNetwork(bytes: Uint8Array): TunedNetwork {
  const metadata = readSafetensorsMetadata(bytes);
  const weights = readSafetensors(bytes);
  const id = metadata.get('encoder');
  const weightsSha256 = metadata.get('encoder-sha256');
  const golden = numbers(metadata.get('golden'));
  if (metadata.get(KIND) !== VERSION || !id || !isSha256(weightsSha256) || !golden) {
    throw invalid('The file is no network whose last stage was tuned.');
  }
  for (const [name, tensor] of weights) {
    if (toFloat32(tensor, name).every(Number.isFinite)) continue;
    throw invalid(`The tuned network's "${name}" holds values that are no numbers.`);
  }
  return { weights, maker: { id, weightsSha256 }, golden };
}

/**
 * All weights of the tuned encoder.
 * @param base of the encoder that it was made for
 * Throws `model-invalid` when it was made for another.
 */
export function withTuned(base: Weights, tuned: Weights): Weights {
  for (const [name, { shape }] of tuned) {
    if (base.get(name)?.shape.join() === shape.join()) continue;
    throw invalid(`The tuned network does not fit the encoder: it has no such "${name}".`);
  }
  return new Map([...base, ...tuned]);
}

function numbers(json: string | undefined): Float32Array | null {
  try {
    const value: unknown = JSON.parse(json ?? '');
    if (!Array.isArray(value) || value.length === 0 || !value.every(Number.isFinite)) return null;
    const numbers = Float32Array.from(value);
    // Larger ones have become infinite.
    return numbers.every(Number.isFinite) ? numbers : null;
  } catch {
    return null;
  }
}

function invalid(what: string): CairnError {
  return new CairnError('model-invalid', what, 'Give a file that Cairn exported after tuning.');
}
