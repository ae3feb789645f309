// Tunes a head on embeddings, on whichever tfjs backend is current: steps, validation, checkpoints.
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import { seededRandom } from '../../evaluation/random.ts';
import { scopedParams } from '../../tensor/params.ts';
import {
  fromFloat32,
  readSafetensors,
  readSafetensorsMetadata,
  toFloat32,
  writeSafetensors,
} from '../../weights/safetensors.ts';
import { CLASS_WEIGHT, type ClassLoss, classLoss, type LossState } from '../losses/loss.ts';
import { AdamW } from '../optimiser/adamw.ts';
import { cosineSchedule, type Schedule } from '../optimiser/schedules.ts';
import type { Adapter } from './adapter.ts';
import { type Figures, judge } from './figures.ts';
import type { TuningSettings } from './presets.ts';
import type { TuningData } from './tuning-data.ts';

const DOWN = 'down';
const UP = 'up';
const LENGTH_FLOOR = 1e-12;

/** Lifetime: `dispose` frees what it holds on the backend. */
export class AdapterTrainer {
  readonly #data: TuningData;
  readonly #settings: TuningSettings;
  readonly #loss: ClassLoss;
  readonly #variables: ReadonlyMap<string, tf.Variable>;
  readonly #optimiser: AdamW;
  readonly #schedule: Schedule;
  #state: LossState;
  #step = 0;

  /** Throws `usage` for data of fewer than two classes. */
  constructor(data: TuningData, settings: TuningSettings) {
    this.#data = data;
    this.#settings = settings;
    const { dim, classes } = data;
    const { rank, loss, scale, weightDecay, steps, learningRate, warmUp, seed } = settings;
    this.#loss = classLoss(loss, { classes: classes.length, dim, scale });
    this.#state = this.#loss.state;
    this.#optimiser = new AdamW({ weightDecay });
    const warm = Math.min(warmUp, steps - 1);
    this.#schedule = cosineSchedule({ stages: [steps], peak: learningRate, warmUp: warm });
    const make = (values: Float32Array, shape: [number, number]): tf.Variable => {
      const tensor = tf.tensor2d(values, shape);
      const variable = tf.variable(tensor);
      tensor.dispose();
      return variable;
    };
    const down = normals(dim * rank, 1 / Math.sqrt(dim), seed);
    this.#variables = new Map([
      [DOWN, make(down, [dim, rank])],
      [UP, make(new Float32Array(rank * dim), [rank, dim])],
      // Where a class's photos lie already: from random directions the first steps would only search.
      [CLASS_WEIGHT, make(classMeans(data), [classes.length, dim])],
    ]);
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /**
   * One step of the optimiser. @returns the loss over classes of the batch
   * Throws `training-failed` when it is no number any more.
   */
  async advance(): Promise<number> {
    const { rows, labels } = this.#batch();
    const { dim, vectors, bank } = this.#data;
    const picked = new Float32Array(rows.length * dim);
    for (const [i, row] of rows.entries()) {
      picked.set(vectors.subarray(row * dim, (row + 1) * dim), i * dim);
    }
    const still = this.#bankRows(bank);
    const kept: Record<string, tf.Scalar> = {};
    const { value, grads } = tf.variableGrads(() => {
      const known = tf.tensor2d(picked, [rows.length, dim]);
      const all =
        still.length > 0
          ? tf.concat([known, tf.tensor2d(still, [still.length / dim, dim])])
          : known;
      const tuned = this.#tune(all as tf.Tensor2D);
      const photos = tf.slice(tuned, [0, 0], [rows.length, dim]) as tf.Tensor2D;
      const result = this.#loss.compute(
        this.#params(),
        photos,
        tf.tensor1d(labels, 'int32'),
        this.#state,
      );
      for (const [name, next] of Object.entries(result.state)) kept[name] = tf.keep(next.clone());
      kept.classes = tf.keep(result.loss.clone());
      const moved = tf.sub(1, tf.mean(tf.sum(tf.mul(tuned, all), 1)));
      return tf.add(result.loss, tf.mul(moved, this.#settings.stay)) as tf.Scalar;
    }, [...this.#variables.values()]);
    const gradients = Object.fromEntries(
      [...this.#variables].map(([path, variable]) => [path, grads[variable.name]!]),
    );
    const numbers: Record<string, number> = {};
    for (const [name, scalar] of Object.entries(kept)) {
      numbers[name] = (await scalar.data())[0] ?? Number.NaN;
    }
    tf.dispose([value, ...Object.values(kept)]);
    const { classes: loss = Number.NaN, ...state } = numbers;
    if (!Number.isFinite(loss)) {
      tf.dispose(gradients);
      throw new CairnError(
        'training-failed',
        `The loss became ${loss} at step ${this.#step + 1}.`,
        'Start again; if it stays so, remove the photos that were added last.',
      );
    }
    this.#optimiser.apply(this.#variables, gradients, this.#schedule(this.#step));
    tf.dispose(gradients);
    this.#state = { ...this.#state, ...state };
    this.#step += 1;
    return loss;
  }

  /** Loss and figures on what is held out, as the adapter stands. Null loss where nothing is. */
  async validate(): Promise<{ readonly loss: number | null; readonly figures: Figures }> {
    const { classes, dim, vectors } = this.#data;
    const tuned = tf.tidy(() => this.#tune(tf.tensor2d(vectors, [vectors.length / dim, dim])));
    const values = Float32Array.from(await tuned.data());
    tuned.dispose();
    const figures = judge({ ...this.#data, vectors: values });
    // Few taught landmarks must weigh as much as many known ones.
    const losses: number[] = [];
    for (const wanted of [true, false]) {
      const held = classes.flatMap(({ taught, heldOut }, label) =>
        taught === wanted ? heldOut.map((row) => ({ row, label })) : [],
      );
      if (held.length > 0) losses.push(await this.#lossOf(values, held));
    }
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    return { loss: losses.length > 0 ? mean : null, figures };
  }

  async #lossOf(
    values: Float32Array,
    held: readonly { readonly row: number; readonly label: number }[],
  ): Promise<number> {
    const { dim } = this.#data;
    const rows = new Float32Array(held.length * dim);
    for (const [i, { row }] of held.entries()) {
      rows.set(values.subarray(row * dim, (row + 1) * dim), i * dim);
    }
    const labels = held.map(({ label }) => label);
    const loss = tf.tidy(() => {
      const photos = tf.tensor2d(rows, [held.length, dim]);
      const of = tf.tensor1d(labels, 'int32');
      return this.#loss.compute(this.#params(), photos, of, this.#state).loss;
    });
    const [value = Number.NaN] = await loss.data();
    loss.dispose();
    return value;
  }

  async adapter(): Promise<Adapter> {
    const [down, up] = await Promise.all([
      this.#variables.get(DOWN)!.data(),
      this.#variables.get(UP)!.data(),
    ]);
    const { dim } = this.#data;
    return {
      dim,
      rank: this.#settings.rank,
      down: Float32Array.from(down),
      up: Float32Array.from(up),
    };
  }

  /** All that is needed to go on as if it had never stopped. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const state = this.#optimiser.state();
    const named: [string, tf.Tensor][] = [
      ...[...this.#variables].map(([path, v]): [string, tf.Tensor] => [`variable/${path}`, v]),
      ...[...state].map(([name, tensor]): [string, tf.Tensor] => [`optimiser/${name}`, tensor]),
    ];
    const stored = await Promise.all(
      named.map(async ([name, tensor]) => {
        const values = Float32Array.from(await tensor.data());
        return [name, fromFloat32(values, tensor.shape)] as const;
      }),
    );
    tf.dispose([...state.values()]);
    const progress = JSON.stringify({ step: this.#step, state: this.#state });
    return writeSafetensors(new Map(stored), new Map([['progress', progress]]));
  }

  /** Goes on from {@link save}. Throws `model-invalid` when it does not fit. */
  restore(bytes: Uint8Array): void {
    const tensors = readSafetensors(bytes);
    const progress = readSafetensorsMetadata(bytes).get('progress');
    const { step, state } = JSON.parse(progress ?? '{}') as { step?: number; state?: LossState };
    for (const [path, variable] of this.#variables) {
      const saved = tensors.get(`variable/${path}`);
      if (!saved || saved.shape.join() !== variable.shape.join() || step === undefined || !state) {
        throw new CairnError(
          'model-invalid',
          `The interrupted tuning does not fit: "${path}" is missing or of another shape.`,
          'Start the tuning again.',
        );
      }
      tf.tidy(() => variable.assign(tf.tensor(toFloat32(saved, path), [...saved.shape])));
    }
    const prefix = 'optimiser/';
    const moments = [...tensors].filter(([name]) => name.startsWith(prefix));
    tf.tidy(() =>
      this.#optimiser.restore(
        new Map(
          moments.map(([name, { shape, ...rest }]) => [
            name.slice(prefix.length),
            tf.tensor(toFloat32({ shape, ...rest }, name), [...shape]),
          ]),
        ),
      ),
    );
    this.#step = step!;
    this.#state = state!;
  }

  dispose(): void {
    tf.dispose([...this.#variables.values()]);
    this.#optimiser.dispose();
  }

  #tune(z: tf.Tensor2D): tf.Tensor2D {
    const hidden = tf.matMul(z, this.#variables.get(DOWN) as tf.Tensor2D);
    const moved = tf.add(z, tf.matMul(hidden, this.#variables.get(UP) as tf.Tensor2D));
    const squares = tf.sum(tf.square(moved), 1, true);
    return tf.div(moved, tf.sqrt(tf.maximum(squares, LENGTH_FLOOR)));
  }

  #params() {
    return scopedParams(
      (path) => this.#variables.get(path) as tf.Tensor | undefined,
      'the classes',
    );
  }

  /** Landmarks evenly, then a photo of each: those with many photos do not drown the others. */
  #batch(): { rows: number[]; labels: number[] } {
    const { classes } = this.#data;
    const { batch, taughtShare, seed } = this.#settings;
    const random = seededRandom(seed + this.#step + 1);
    const indexed = classes.map((each, label) => ({ ...each, label }));
    const taught = indexed.filter((each) => each.taught);
    const known = indexed.filter((each) => !each.taught);
    const rows: number[] = [];
    const labels: number[] = [];
    for (let i = 0; i < batch; i++) {
      const wanted = i < batch * taughtShare ? taught : known;
      const from = wanted.length > 0 ? wanted : indexed;
      const { train, label } = from[Math.floor(random() * from.length)]!;
      rows.push(train[Math.floor(random() * train.length)]!);
      labels.push(label);
    }
    return { rows, labels };
  }

  #bankRows(bank: Float32Array): Float32Array {
    const { dim } = this.#data;
    const size = bank.length / dim;
    const count = Math.min(this.#settings.bank, size);
    const random = seededRandom(-this.#settings.seed - this.#step - 1);
    const rows = new Float32Array(count * dim);
    for (let i = 0; i < count; i++) {
      const row = Math.floor(random() * size);
      rows.set(bank.subarray(row * dim, (row + 1) * dim), i * dim);
    }
    return rows;
  }
}

/** [classes × dim], each of unit length. */
function classMeans({ classes, dim, vectors }: TuningData): Float32Array {
  const means = new Float32Array(classes.length * dim);
  for (const [c, { train }] of classes.entries()) {
    const mean = means.subarray(c * dim, (c + 1) * dim);
    for (const row of train) {
      for (let d = 0; d < dim; d++) mean[d]! += vectors[row * dim + d]!;
    }
    const length = Math.sqrt(mean.reduce((sum, x) => sum + x * x, 0)) || 1;
    for (let d = 0; d < dim; d++) mean[d]! /= length;
  }
  return means;
}

/** Normally distributed, after Box and Muller. */
function normals(count: number, deviation: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return deviation * radius * Math.cos(2 * Math.PI * random());
  });
}
