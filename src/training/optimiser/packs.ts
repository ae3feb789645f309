// Many small tensors as one row: a network has hundreds of vectors, and a step costs a dozen kernels each.
import * as tf from '@tensorflow/tfjs-core';

/** Tensors that are handled as one; one alone keeps its shape. */
export interface Pack {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  /** What all of them have in common. */
  readonly kind: string;
}

/** Tensors of at most so many numbers lie together: copying them costs less than launching kernels. */
export const SMALL = 4096;
/** Numbers in a row. tfjs's WASM backend copies the whole row for each piece that is cut from it. */
const ROW = 16_384;

/** In order of first appearance: small tensors together by kind, as many as a row takes; large ones alone. */
export function planPacks(
  tensors: Iterable<readonly [string, tf.Tensor]>,
  kindOf: (name: string, shape: readonly number[]) => string = () => '',
  small = SMALL,
): Pack[] {
  const packs: { names: string[]; shapes: number[][]; kind: string; size: number }[] = [];
  const together = new Map<string, (typeof packs)[number]>();
  for (const [name, { shape, size }] of tensors) {
    const kind = kindOf(name, shape);
    const open = size <= small ? together.get(kind) : undefined;
    if (open && open.size + size <= ROW) {
      open.names.push(name);
      open.shapes.push(shape);
      open.size += size;
      continue;
    }
    const pack = { names: [name], shapes: [shape], kind, size };
    packs.push(pack);
    if (size <= small) together.set(kind, pack);
  }
  return packs;
}

/** The pack's tensors as one; a new tensor in any case. */
export function join(pack: Pack, find: (name: string) => tf.Tensor): tf.Tensor {
  const [first] = pack.names;
  if (pack.names.length === 1) return tf.clone(find(first!));
  return tf.tidy(() => tf.concat(pack.names.map((name) => tf.reshape(find(name), [-1]))));
}

/** The way back from {@link join}, each in its own shape; new tensors in any case. */
export function part(pack: Pack, joined: tf.Tensor): tf.Tensor[] {
  if (pack.names.length === 1) return [tf.clone(joined)];
  const sizes = pack.shapes.map((shape) => shape.reduce((product, side) => product * side, 1));
  return tf.tidy(() =>
    tf.split(joined, sizes).map((piece, i) => tf.reshape(piece, [...pack.shapes[i]!])),
  );
}

/**
 * Named tensors kept in packs. Lifetime: owns all that it holds, also outside of `tf.tidy`; whatever
 * {@link views} gives is valid until the next change.
 */
export class PackedTensors {
  readonly #rows: tf.Tensor[];
  #views: ReadonlyMap<string, tf.Tensor> | null = null;

  constructor(
    readonly packs: readonly Pack[],
    find: (name: string) => tf.Tensor,
  ) {
    this.#rows = packs.map((pack) => tf.keep(join(pack, find)));
  }

  row(pack: number): tf.Tensor {
    return this.#rows[pack]!;
  }

  /** Takes `next` over. */
  replace(pack: number, next: tf.Tensor): void {
    this.#forget();
    this.#rows[pack]!.dispose();
    this.#rows[pack] = tf.keep(next);
  }

  views(): ReadonlyMap<string, tf.Tensor> {
    this.#views ??= new Map(
      this.packs.flatMap((pack, i) =>
        part(pack, this.#rows[i]!).map((tensor, k) => [pack.names[k]!, tf.keep(tensor)] as const),
      ),
    );
    return this.#views;
  }

  dispose(): void {
    this.#forget();
    tf.dispose(this.#rows);
  }

  #forget(): void {
    if (this.#views) tf.dispose([...this.#views.values()]);
    this.#views = null;
  }
}
