// Tunes head and last stage on the user's photos: the trainer of networks, on the upper part of an encoder.

import { seededRandom } from '../../random.ts';
import { bankLevel, comparable, type Levels } from '../../retrieval/tuned-space.ts';
import { dot } from '../../tensor/dot.ts';
import { fromFloat32, type Weights } from '../../weights/safetensors.ts';
import { classMeans } from '../adapter/adapter-trainer.ts';
import { type Figures, judge, type RowSimilarity } from '../adapter/figures.ts';
import type { TuningData } from '../adapter/tuning-data.ts';
import { CLASS_WEIGHT, type ClassLoss, classLoss } from '../losses/loss.ts';
import { cosineSchedule, type Schedule } from '../optimiser/schedules.ts';
import { START } from '../trainer/loop.ts';
import { Objective } from '../trainer/objective.ts';
import { Trainer } from '../trainer/trainer.ts';
import type { LastStageSettings } from './last-stage-presets.ts';
import type { PhotoView, PhotoViews } from './photo-views.ts';
import { type CutEncoder, groupBySize, type StillBatch, upperModel } from './still-part.ts';

/** Corners have no class. */
const NO_CLASS = -1;
/** Photos that are embedded at once for validation. */
const EMBEDDED_AT_ONCE = 16;

export interface LastStageData {
  readonly encoder: CutEncoder;
  /** All embeddings in the network's own space; known landmarks are what taught ones must differ from. */
  readonly own: TuningData;
  /** The same rows as they are searched: of the whole ensemble where the network is a part of one. */
  readonly searched: TuningData;
  /** Of each taught photo, by row. */
  readonly photos: ReadonlyMap<number, PhotoViews>;
  /** The built-in picture. */
  readonly golden: PhotoView;
}

/** Lifetime: `dispose` frees what it holds on the backend. */
export class LastStageTrainer {
  readonly #data: LastStageData;
  readonly #settings: LastStageSettings;
  readonly #loss: ClassLoss;
  readonly #trainer: Trainer<StillBatch>;
  readonly #schedule: Schedule;
  /** What must be the same for a saved run to go on. */
  readonly #plan: string;
  #step = 0;

  /** Throws `usage` for data of fewer than two classes, `model-invalid` for weights that do not fit. */
  constructor(data: LastStageData, settings: LastStageSettings) {
    this.#data = data;
    this.#settings = settings;
    const { classes, dim } = data.own;
    const { loss, scale, margin, stay, steps, learningRate, warmUp, clipNorm, seed } = settings;
    this.#loss = classLoss(loss, { classes: classes.length, dim, scale, margin });
    this.#schedule = cosineSchedule({
      stages: [steps],
      peak: learningRate,
      warmUp: Math.min(warmUp, steps - 1),
    });
    this.#plan = JSON.stringify({ settings, labels: classes.map(({ label }) => label) });
    this.#trainer = new Trainer({
      model: upperModel(data.encoder),
      // The network as it was is the teacher that the tuned one must not leave.
      objective: new Objective({ loss: this.#loss, weight: 1 }, { embedding: stay, relational: 0 }),
      seed,
      // Decay would pull published weights to zero; `stay` pulls them to where they were.
      weightDecay: 0,
      clipNorm,
      averageDecay: 0,
      initial: data.encoder.weights,
      initialLoss: new Map([
        [CLASS_WEIGHT, fromFloat32(classMeans(data.own), [classes.length, dim])],
      ]),
      // A handful of photos says nothing of how activations are spread.
      frozenNorms: true,
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
    const { views, labels } = this.#draw();
    const { batch, targets } = this.#batch(views, labels);
    const { parts } = await this.#trainer.step(batch, targets, this.#schedule(this.#step));
    this.#step += 1;
    return parts[this.#loss.name] ?? Number.NaN;
  }

  /** Loss and figures on what is held out, as the network stands. Null loss where nothing is. */
  async validate(): Promise<{ readonly loss: number | null; readonly figures: Figures }> {
    const { own, searched, photos } = this.#data;
    const rows = [...photos.keys()];
    const embedded = await this.#embed(rows.map((row) => photos.get(row)!.whole[0]!));
    const tuned = new Map(rows.map((row, i) => [row, embedded[i]!]));
    const figures = judge(searched, tunedSimilarity(searched, own.bank, tuned));
    const held = own.classes.flatMap(({ heldOut }, label) =>
      heldOut.map((row) => ({ view: photos.get(row)!.whole[0]!, label })),
    );
    if (held.length === 0) return { loss: null, figures };
    const { batch, targets } = this.#batch(
      held.map(({ view }) => view),
      held.map(({ label }) => label),
    );
    const { parts } = await this.#trainer.measure(batch, targets);
    return { loss: parts[this.#loss.name] ?? null, figures };
  }

  /** Head and last stage as they stand, and the built-in picture's embedding by them. */
  async result(): Promise<{ readonly weights: Weights; readonly golden: Float32Array }> {
    const [golden] = await this.#embed([this.#data.golden]);
    return { weights: await this.#trainer.weights(), golden: golden! };
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

  /** Taught landmarks evenly, a photo of each, a picture of that; then corners of any photo in training. */
  #draw(): { views: PhotoView[]; labels: number[] } {
    const { own, photos } = this.#data;
    const { batch, corners, seed } = this.#settings;
    const random = seededRandom(seed + this.#step + 1);
    const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const taught = own.classes
      .map(({ train }, label) => ({ label, rows: train.filter((row) => photos.has(row)) }))
      .filter(({ rows }) => rows.length > 0);
    const drawn = Array.from({ length: batch }, () => {
      const { label, rows } = one(taught);
      return { view: one(photos.get(one(rows))!.whole), label };
    });
    const still = Array.from({ length: corners }, () => ({
      view: photos.get(one(one(taught).rows))!.corner,
      label: NO_CLASS,
    }));
    const all = [...drawn, ...still];
    return { views: all.map(({ view }) => view), labels: all.map(({ label }) => label) };
  }

  #batch(views: readonly PhotoView[], labels: readonly number[]) {
    const { dim } = this.#data.own;
    const { batch, order } = groupBySize(views.map(({ part }) => part));
    const teacher = new Float32Array(views.length * dim);
    for (const [to, from] of order.entries()) teacher.set(views[from]!.embedding, to * dim);
    const targets = { labels: Int32Array.from(order, (from) => labels[from]!), teacher };
    return { batch, targets };
  }

  async #embed(views: readonly PhotoView[]): Promise<Float32Array[]> {
    const { dim } = this.#data.own;
    const embedded = new Array<Float32Array>(views.length);
    for (let first = 0; first < views.length; first += EMBEDDED_AT_ONCE) {
      const some = views.slice(first, first + EMBEDDED_AT_ONCE);
      const { batch, order } = groupBySize(some.map(({ part }) => part));
      const rows = await this.#trainer.embed(batch);
      for (const [at, i] of order.entries()) {
        embedded[first + i] = rows.slice(at * dim, (at + 1) * dim);
      }
    }
    return embedded;
  }
}

/**
 * How recognition compares a photo that was asked for with stored ones: taught ones by the tuned network,
 * all others by the original encoder.
 * @param bank in the tuned network's own space
 * @param tuned embeddings of taught photos by row
 */
export function tunedSimilarity(
  { dim, vectors, bank: searched }: TuningData,
  bank: Float32Array,
  tuned: ReadonlyMap<number, Float32Array>,
): RowSimilarity {
  const row = (at: number) => vectors.subarray(at * dim, (at + 1) * dim);
  const levels = new Map<number, Levels>();
  const levelsOf = (asked: number, vector: Float32Array): Levels => {
    const known = levels.get(asked) ?? {
      original: bankLevel(row(asked), searched),
      tuned: bankLevel(vector, bank),
    };
    levels.set(asked, known);
    return known;
  };
  return (asked, stored) => {
    const [a, b] = [tuned.get(asked), tuned.get(stored)];
    return a && b ? comparable(dot(a, b), levelsOf(asked, a)) : dot(row(asked), row(stored));
  };
}
