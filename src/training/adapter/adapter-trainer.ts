// Tunes a head on embeddings, on whichever tfjs backend is current: the trainer of networks, on an adapter.

import type { Parameter } from '../../nets/parameter-list.ts';
import { seededRandom } from '../../random.ts';
import type { Ops, Params } from '../../tensor/ops.ts';
import { fromFloat32, toFloat32 } from '../../weights/safetensors.ts';
import { CLASS_WEIGHT, type ClassLoss, classLoss } from '../losses/loss.ts';
import { cosineSchedule, type Schedule } from '../optimiser/schedules.ts';
import { START } from '../trainer/loop.ts';
import { embedVectors, type Model, type Vectors } from '../trainer/model.ts';
import { Objective } from '../trainer/objective.ts';
import { Trainer } from '../trainer/trainer.ts';
import { type Adapter, DOWN, UP } from './adapter.ts';
import { type Figures, judge } from './figures.ts';
import type { TuningSettings } from './presets.ts';
import type { TuningData } from './tuning-data.ts';

/** Photos of no landmark have no class. */
const NO_CLASS = -1;

/** z → normalise(z + up · down · z), which is z before the first step. */
function adapterModel(dim: number, rank: number): Model<Vectors> {
  const parameters = new Map<string, Parameter>([
    [DOWN, { shape: [rank, dim], start: { std: 1 / Math.sqrt(dim) } }],
    [UP, { shape: [dim, rank], start: { value: 0 } }],
  ]);
  return { parameters, embed: embedVectors(dim, adapted) };
}

function adapted<T>(ops: Ops<T>, params: Params<T>, z: T): T {
  const hidden = ops.linear(z, params.get(DOWN), null);
  return ops.l2Normalize(ops.add(z, ops.linear(hidden, params.get(UP), null)));
}

/** Lifetime: `dispose` frees what it holds on the backend. */
export class AdapterTrainer {
  readonly #data: TuningData;
  readonly #settings: TuningSettings;
  readonly #loss: ClassLoss;
  readonly #trainer: Trainer<Vectors>;
  readonly #schedule: Schedule;
  /** What must be the same for a saved run to go on. */
  readonly #plan: string;
  #step = 0;

  /** Throws `usage` for data of fewer than two classes. */
  constructor(data: TuningData, settings: TuningSettings) {
    this.#data = data;
    this.#settings = settings;
    const { dim, classes } = data;
    const { rank, loss, scale, stay, weightDecay, steps, learningRate, warmUp, seed } = settings;
    this.#loss = classLoss(loss, { classes: classes.length, dim, scale });
    this.#schedule = cosineSchedule({
      stages: [steps],
      peak: learningRate,
      warmUp: Math.min(warmUp, steps - 1),
    });
    this.#plan = JSON.stringify({ settings, labels: classes.map(({ label }) => label) });
    this.#trainer = new Trainer({
      model: adapterModel(dim, rank),
      // An untuned head is the teacher that it must not leave.
      objective: new Objective({ loss: this.#loss, weight: 1 }, { embedding: stay, relational: 0 }),
      seed,
      weightDecay,
      clipNorm: Number.POSITIVE_INFINITY,
      // So few steps are not averaged: the adapter is the newest one.
      averageDecay: 0,
      // Where a class's photos lie already: from random directions the first steps would only search.
      initialLoss: new Map([[CLASS_WEIGHT, fromFloat32(classMeans(data), [classes.length, dim])]]),
    });
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
    const { values, labels } = this.#batch();
    const vectors = { values, count: labels.length };
    const targets = { labels: Int32Array.from(labels), teacher: values };
    const { parts } = await this.#trainer.step(vectors, targets, this.#schedule(this.#step));
    this.#step += 1;
    return parts[this.#loss.name] ?? Number.NaN;
  }

  /** Loss and figures on what is held out, as the adapter stands. Null loss where nothing is. */
  async validate(): Promise<{ readonly loss: number | null; readonly figures: Figures }> {
    const { classes, dim, vectors } = this.#data;
    const count = vectors.length / dim;
    const figures = judge({
      ...this.#data,
      vectors: await this.#trainer.embed({ values: vectors, count }),
    });
    // Few taught landmarks must weigh as much as many known ones.
    const losses: number[] = [];
    for (const wanted of [true, false]) {
      const held = classes.flatMap(({ taught, heldOut }, label) =>
        taught === wanted ? heldOut.map((row) => ({ row, label })) : [],
      );
      if (held.length === 0) continue;
      const values = pick(
        vectors,
        dim,
        held.map(({ row }) => row),
      );
      const labels = Int32Array.from(held, ({ label }) => label);
      losses.push((await this.#trainer.measure({ values, count: held.length }, { labels })).loss);
    }
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    return { loss: losses.length > 0 ? mean : null, figures };
  }

  async adapter(): Promise<Adapter> {
    const weights = await this.#trainer.weights();
    const of = (name: string) => Float32Array.from(toFloat32(weights.get(name)!, name));
    return { dim: this.#data.dim, rank: this.#settings.rank, down: of(DOWN), up: of(UP) };
  }

  /** All that is needed to go on as if it had never stopped. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#trainer.save({ ...START, step: this.#step }, this.#plan);
  }

  /** Goes on from {@link save}. Throws `usage` for a run of other landmarks or settings. */
  restore(bytes: Uint8Array): void {
    this.#step = this.#trainer.restore(bytes, this.#plan).step;
  }

  dispose(): void {
    this.#trainer.dispose();
  }

  /** Landmarks evenly, then a photo of each: those with many photos do not drown the others. */
  #batch(): { values: Float32Array; labels: number[] } {
    const { classes, dim, vectors, bank } = this.#data;
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
    const size = bank.length / dim;
    const still = Array.from({ length: Math.min(this.#settings.bank, size) }, () =>
      Math.floor(random() * size),
    );
    const values = new Float32Array((rows.length + still.length) * dim);
    values.set(pick(vectors, dim, rows));
    values.set(pick(bank, dim, still), rows.length * dim);
    return { values, labels: [...labels, ...still.map(() => NO_CLASS)] };
  }
}

/** Rows by index, one after another. */
function pick(vectors: Float32Array, dim: number, rows: readonly number[]): Float32Array {
  const picked = new Float32Array(rows.length * dim);
  for (const [i, row] of rows.entries()) {
    picked.set(vectors.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  return picked;
}

/** Where the photos of each class in training lie: [classes × dim], each of unit length. */
export function classMeans({
  classes,
  dim,
  vectors,
}: Pick<TuningData, 'classes' | 'dim' | 'vectors'>): Float32Array {
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
