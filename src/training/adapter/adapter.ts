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
  /** [dim × rank], row-major: the transpose of `down`. */
  readonly down: Float32Array;
  /** [rank × dim], row-major: the transpose of `up`. All 0 = the identity. */
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
    hidden.fill(0);
    for (let d = 0; d < dim; d++) {
      const value = vectors[row + d]!;
      for (let r = 0, at = d * rank; r < rank; r++, at++) hidden[r]! += value * down[at]!;
    }
    for (let r = 0, at = 0; r < rank; r++) {
      const value = hidden[r]!;
      for (let d = 0; d < dim; d++, at++) adapted[row + d]! += value * up[at]!;
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
const DOWN = 'adapter.down.weight';
const UP = 'adapter.up.weight';

/** A safetensors file, in PyTorch's layout of two `nn.Linear`: [rank, dim] and [dim, rank]. */
export function encodeAdapter(adapter: Adapter, maker: AdapterMaker): Uint8Array<ArrayBuffer> {
  const { dim, rank, down, up } = adapter;
  const tensors = new Map([
    [DOWN, fromFloat32(transposed(down, dim, rank), [rank, dim])],
    [UP, fromFloat32(transposed(up, rank, dim), [dim, rank])],
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
    down: transposed(toFloat32(down, DOWN), rank, dim),
    up: transposed(toFloat32(up, UP), dim, rank),
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

/** [rows × columns] → [columns × rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c]!;
  }
  return turned;
}
