// Cuts a network where training begins: what lies below is computed once a photo, the rest in every step.
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import { type DescriptorSpec, embed } from '../../nets/encoder.ts';
import type { Parameter } from '../../nets/parameter-list.ts';
import type { Ops, Params, Shape } from '../../tensor/ops.ts';
import { scopedParams } from '../../tensor/params.ts';
import { loadTfParams, TfOps } from '../../tensor/tf-ops.ts';
import type { Weights } from '../../weights/safetensors.ts';
import type { Model } from '../trainer/model.ts';
import type { PathTest } from '../trainer/trained-paths.ts';

/** An encoder whose upper part is trained. */
export interface CutEncoder {
  readonly spec: DescriptorSpec;
  readonly weights: Weights;
  /** Whether a parameter lies above the cut; whole modules do. */
  readonly above: PathTest;
}

/** What reaches the upper part from below, of one photo. */
export interface StillPart {
  /** How many views of the photo the encoder looks at. */
  readonly views: number;
  /** Logical shapes of everything that is computed below, in order. */
  readonly shapes: readonly Shape[];
  /** By place in that order, as the backend lays it out, of one photo. */
  readonly kept: ReadonlyMap<number, { readonly values: Float32Array; readonly shape: number[] }>;
}

/** Photos by their sizes: those of a group go through the network together. Embeddings come in this order. */
export interface StillBatch {
  readonly count: number;
  readonly groups: readonly (readonly StillPart[])[];
}

/** Sorts photos into the groups of a batch. @returns with the order in which `parts` come in it */
export function groupBySize(parts: readonly StillPart[]): { batch: StillBatch; order: number[] } {
  const groups = new Map<string, number[]>();
  for (const [i, { kept }] of parts.entries()) {
    const key = JSON.stringify([...kept.values()].map(({ shape }) => shape));
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  const sorted = [...groups.values()];
  return {
    batch: { count: parts.length, groups: sorted.map((group) => group.map((i) => parts[i]!)) },
    order: sorted.flat(),
  };
}

/** Bytes of what is kept of a photo. */
export function stillBytes({ kept }: StillPart): number {
  return [...kept.values()].reduce((sum, { values }) => sum + values.byteLength, 0);
}

/** The lower part with its weights on the current backend. Lifetime: `dispose` frees them. */
export class LowerPart {
  readonly #encoder: CutEncoder;
  readonly #params: ReturnType<typeof loadTfParams>;

  /** Throws `model-invalid` for weights of a type that cannot be computed with. */
  constructor(encoder: CutEncoder) {
    this.#encoder = encoder;
    this.#params = loadTfParams(encoder.weights, 'the weights of the encoder');
  }

  /**
   * @param views of one photo, each [1, height, width, 3], normalised; disposed here
   * @returns what the upper part needs of it, and its embedding by the weights as they are
   */
  async of(views: readonly tf.Tensor4D[]): Promise<{ part: StillPart; embedding: Float32Array }> {
    const { spec, above } = this.#encoder;
    const run = new CutRun(new TfOps(), null);
    const find = (path: string) => {
      const tensor = this.#params.tensors.get(path);
      if (!tensor) return undefined;
      return above(path) ? run.live(tensor) : run.parameter(tensor);
    };
    const { result, kept } = tf.tidy(() => {
      const inputs = views.map((view) => run.input(view));
      const marked = embed(run.ops, scopedParams(find, 'the weights'), inputs, spec);
      return { result: marked.tensor!, kept: run.reached() };
    });
    const values = new Map<number, { values: Float32Array; shape: number[] }>();
    for (const [place, tensor] of Object.entries(kept)) {
      const data = Float32Array.from(await tensor.data());
      values.set(Number(place), { values: data, shape: tensor.shape });
    }
    const embedding = Float32Array.from(await result.data());
    tf.dispose([result, ...Object.values(kept), ...views]);
    return { part: { views: views.length, shapes: run.shapes, kept: values }, embedding };
  }

  dispose(): void {
    this.#params.dispose();
  }
}

/** The upper part as a trainer takes it; start it with the encoder's weights. */
export function upperModel({ spec, weights, above }: CutEncoder): Model<StillBatch> {
  const parameters = new Map<string, Parameter>();
  for (const [path, { shape }] of weights) {
    if (!above(path)) continue;
    const statistic = /\.running_(mean|var)$/.test(path);
    parameters.set(path, { shape, start: { value: 0 }, statistic });
  }
  return {
    parameters,
    embed: (ops, params, { groups }) =>
      tf.concat(
        groups.map((group) => embedGroup(ops, params, group, { spec, weights, above })),
        0,
      ) as tf.Tensor2D,
  };
}

function embedGroup(
  ops: TfOps,
  params: Params<tf.Tensor>,
  parts: readonly StillPart[],
  { spec, weights, above }: CutEncoder,
): tf.Tensor {
  const run = new CutRun(ops, parts);
  const find = (path: string) => {
    if (!weights.has(path)) return undefined;
    return above(path) ? run.live(params.get(path)) : run.parameter(null);
  };
  const inputs = Array.from({ length: parts[0]!.views }, () => run.input(null));
  return embed(run.ops, scopedParams(find, 'the weights'), inputs, spec).tensor!;
}

/** A value of the network: one that training moves, or one that stays as it is. */
class Marked {
  constructor(
    readonly live: boolean,
    /** Null where it is still and was computed before. */
    readonly tensor: tf.Tensor | null,
    /** Of a still value: its place among those, or {@link PARAMETER} or {@link CONSTANT}. */
    readonly place: number,
  ) {}
}

const PARAMETER = -1;
/** Numbers of no photo, the same for a group of them: computed in every pass. */
const CONSTANT = -2;

/**
 * One pass of a network over marked values. What depends on no trained parameter is still: without
 * `parts` it is computed and noted where trained modules take it, with them it is taken from there.
 */
class CutRun {
  readonly ops: Ops<Marked>;
  readonly #ops: TfOps;
  readonly #parts: readonly StillPart[] | null;
  readonly #shapes: Shape[] = [];
  readonly #reached = new Map<number, tf.Tensor>();

  constructor(ops: TfOps, parts: readonly StillPart[] | null) {
    this.#ops = ops;
    this.#parts = parts;
    // Networks know values only through their operations: each is done here once for all of them.
    this.ops = new Proxy({} as Ops<Marked>, {
      get:
        (_, name: keyof TfOps) =>
        (...given: unknown[]) =>
          this.#call(name, given),
    });
  }

  get shapes(): readonly Shape[] {
    return this.#shapes;
  }

  live(tensor: tf.Tensor): Marked {
    return new Marked(true, tensor, PARAMETER);
  }

  parameter(tensor: tf.Tensor | null): Marked {
    return new Marked(false, tensor, PARAMETER);
  }

  input(tensor: tf.Tensor | null): Marked {
    return this.#still(tensor);
  }

  /** Still values that trained modules took, by place. */
  reached(): Record<number, tf.Tensor> {
    return Object.fromEntries(this.#reached);
  }

  #call(name: keyof TfOps, given: readonly unknown[]): unknown {
    if (name === 'scope') return (given[1] as () => unknown)();
    if (name === 'shape') return this.#shapeOf(given[0] as Marked);
    if (name === 'constant') {
      const [values, shape] = given as [Float32Array, readonly number[]];
      return new Marked(false, this.#ops.constant(values, shape), CONSTANT);
    }
    const marked: Marked[] = [];
    eachMarked(given, (value) => {
      marked.push(value);
      return value;
    });
    const live = marked.some((value) => value.live);
    if (!live && this.#parts) return this.#still(null);
    const tensors = eachMarked(given, (value) => this.#tensorOf(value, live)) as unknown[];
    const apply = this.#ops[name] as (...args: unknown[]) => tf.Tensor;
    const result = apply.apply(this.#ops, tensors);
    return live ? this.live(result) : this.#still(result);
  }

  #still(tensor: tf.Tensor | null): Marked {
    const place = this.#shapes.length;
    this.#shapes.push(tensor ? this.#ops.shape(tensor) : this.#noted(place));
    return new Marked(false, tensor, place);
  }

  /** The shape that was noted of one photo, for all of the group. */
  #noted(place: number): Shape {
    const [first = null, ...others] = this.#parts![0]!.shapes[place]!;
    return [first === null ? null : first * this.#parts!.length, ...others];
  }

  #shapeOf({ tensor, place }: Marked): Shape {
    return tensor ? this.#ops.shape(tensor) : this.#shapes[place]!;
  }

  #tensorOf(value: Marked, forLive: boolean): tf.Tensor {
    if (value.live || !forLive || value.place === CONSTANT) return value.tensor!;
    if (value.place === PARAMETER) {
      throw new CairnError(
        'usage',
        'A part of a layer was to be trained, and a part of it not.',
        'Train whole layers.',
      );
    }
    const known = this.#reached.get(value.place) ?? value.tensor ?? this.#stacked(value.place);
    this.#reached.set(value.place, known);
    return known;
  }

  #stacked(place: number): tf.Tensor {
    const all = this.#parts!.map(({ kept }) => kept.get(place)!);
    const [{ values: first, shape }] = all as [(typeof all)[number]];
    const values = new Float32Array(first.length * all.length);
    for (const [i, { values: own }] of all.entries()) values.set(own, i * first.length);
    return tf.tensor(values, [shape[0]! * all.length, ...shape.slice(1)], 'float32');
  }
}

/** The same arguments with each value in them replaced: alone, in a list, or under a name. */
function eachMarked(given: unknown, replace: (value: Marked) => unknown): unknown {
  if (given instanceof Marked) return replace(given);
  if (Array.isArray(given)) return given.map((each) => eachMarked(each, replace));
  if (typeof given !== 'object' || given === null || ArrayBuffer.isView(given)) return given;
  return Object.fromEntries(
    Object.entries(given).map(([name, each]) => [name, eachMarked(each, replace)]),
  );
}
