// A tuned head: a small linear map added to an embedding, so that stored embeddings can follow it.
import { CairnError } from '../../errors.ts';
import {
  fromFloat32,
  readSafetensors,
  readSafetensorsMetadata,
  toFloat32,
  writeSafetensors,
} from '../../weights/safetensors.ts';
import { isSha256 } from '../../weights/sha256.ts';

/** z' = normalise(z + up · (down · z)); the low rank keeps few photos from bending much. */
export interface Adapter {
  readonly dim: number;
  readonly rank: number;
  /** [rank, dim], row-major, as an `nn.Linear` has it. */
  readonly down: Float32Array;
  /** [dim, rank], likewise. All 0 = the identity. */
  readonly up: Float32Array;
}

/** Which encoder's embeddings it is for. */
export interface AdapterMaker {
  readonly id: string;
  /** SHA-256 of the weights, lower-case hex. */
  readonly weightsSha256: string;
}

/**
 * @param vectors L2-normalised, row-major [n × dim]
 * @returns new vectors of the same shape, L2-normalised
 */
export function adapt({ dim, rank, down, up }: Adapter, vectors: Float32Array): Float32Array {
  const adapted = Float32Array.from(vectors);
  const hidden = new Float32Array(rank);
  for (let row = 0; row < vectors.length; row += dim) {
    for (let r = 0, at = 0; r < rank; r++) {
      let sum = 0;
      for (let d = 0; d < dim; d++, at++) sum += down[at]! * vectors[row + d]!;
      hidden[r] = sum;
    }
    for (let d = 0, at = 0; d < dim; d++) {
      let sum = 0;
      for (let r = 0; r < rank; r++, at++) sum += up[at]! * hidden[r]!;
      adapted[row + d]! += sum;
    }
    let squares = 0;
    for (let d = row; d < row + dim; d++) squares += adapted[d]! * adapted[d]!;
    const length = Math.sqrt(squares) || 1;
    for (let d = row; d < row + dim; d++) adapted[d]! /= length;
  }
  return adapted;
}

const KIND = 'cairn-adapter';
const VERSION = '1';
/** [rank, dim] and [dim, rank]: two `nn.Linear` without bias. */
export const DOWN = 'adapter.down.weight';
export const UP = 'adapter.up.weight';

/** A safetensors file of {@link DOWN} and {@link UP}, float32. */
export function encodeAdapter(adapter: Adapter, maker: AdapterMaker): Uint8Array<ArrayBuffer> {
  const { dim, rank, down, up } = adapter;
  const tensors = new Map([
    [DOWN, fromFloat32(down, [rank, dim])],
    [UP, fromFloat32(up, [dim, rank])],
  ]);
  const metadata = new Map([
    [KIND, VERSION],
    ['encoder', maker.id],
    ['encoder-sha256', maker.weightsSha256],
    ['formula', 'normalise(z + up(down(z)))'],
  ]);
  return writeSafetensors(tensors, metadata);
}

/** Throws `model-invalid` for anything but an adapter. */
export function decodeAdapter(bytes: Uint8Array): {
  readonly adapter: Adapter;
  readonly maker: AdapterMaker;
} {
  const metadata = readSafetensorsMetadata(bytes);
  const tensors = readSafetensors(bytes);
  const [down, up] = [tensors.get(DOWN), tensors.get(UP)];
  const id = metadata.get('encoder');
  const weightsSha256 = metadata.get('encoder-sha256');
  const [rank = 0, dim = 0] = down?.shape ?? [];
  const fits = down?.shape.length === 2 && rank > 0 && up?.shape.join() === `${dim},${rank}`;
  if (metadata.get(KIND) !== VERSION || !down || !up || !fits || !id || !isSha256(weightsSha256)) {
    throw new CairnError(
      'model-invalid',
      'The file is no adapter of a tuned head.',
      'Give a file that Cairn exported after fine-tuning.',
    );
  }
  const adapter = {
    dim,
    rank,
    down: Float32Array.from(toFloat32(down, DOWN)),
    up: Float32Array.from(toFloat32(up, UP)),
  };
  if (![...adapter.down, ...adapter.up].every(Number.isFinite)) {
    throw new CairnError(
      'model-invalid',
      'The adapter holds values that are no numbers.',
      'Tune the head again.',
    );
  }
  return { adapter, maker: { id, weightsSha256 } };
}
