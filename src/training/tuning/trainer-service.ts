// Tuning as a worker does it: collections from the store, steps when asked for, checkpoints between.
import { CairnError, throwIfAborted } from '../../errors.ts';
import type { LongWork } from '../../progress.ts';
import { assertEncoder, type EncoderIdentity } from '../../retrieval/collection.ts';
import { openInstalled } from '../../retrieval/install.ts';
import type { LoadedCollection } from '../../retrieval/loaded.ts';
import { rowVector } from '../../retrieval/shard.ts';
import { type CairnStore, openStore } from '../../retrieval/store.ts';
import { adapt, decodeAdapter, encodeAdapter } from '../adapter/adapter.ts';
import { AdapterTrainer } from '../adapter/adapter-trainer.ts';
import { type Figures, judge } from '../adapter/figures.ts';
import type { TuningSettings } from '../adapter/presets.ts';
import { splitRows, type TuningRow } from '../adapter/tuning-data.ts';
import { startTrainingBackend, type TrainingBackend } from './trainer-backend.ts';
import { dropRun, savedRun, saveRun, type TunedHead, type TuningPoint } from './trainer-keep.ts';

/**
 * What of the encoder learns. "Head and last stage" needs the network's own gradients and photos, and comes
 * as another kind here once the page has both.
 */
export type TuningScope = 'head';

export interface TuningJob {
  readonly scope: TuningScope;
  /** Names in the store. */
  readonly known: string;
  readonly taught: string;
  readonly encoder: EncoderIdentity & { readonly dim: number };
  /** Photos without a landmark, L2-normalised, row-major; not adapted. */
  readonly bank: Float32Array;
  readonly settings: TuningSettings;
  /** The head in use, which the new one is compared with; null = none. */
  readonly active: Uint8Array<ArrayBuffer> | null;
  /** Goes on with the saved run. */
  readonly resume: boolean;
}

export interface TuningStatus {
  readonly backend: TrainingBackend;
  readonly step: number;
  readonly steps: number;
  readonly points: readonly TuningPoint[];
  /** As things are without the new head. */
  readonly before: Figures;
  readonly best: Omit<TunedHead, 'bytes'> | null;
  readonly photos: number;
  readonly landmarks: number;
}

interface Run {
  readonly job: TuningJob;
  readonly key: string;
  readonly backend: TrainingBackend;
  readonly trainer: AdapterTrainer;
  readonly before: Figures;
  readonly photos: number;
  readonly landmarks: number;
  points: TuningPoint[];
  best: TunedHead | null;
  bestLoss: number;
  /** Losses since the last point. */
  recent: number[];
}

export class TrainerService {
  #store: Promise<CairnStore> | null = null;
  #run: Run | null = null;

  /**
   * Prepares a run, or goes on with the saved one.
   * @throws CairnError `collection-*`, `storage-*`, `backend-unavailable`; `usage` for a saved run that no
   * longer fits; `aborted`
   */
  async open(job: TuningJob, work: LongWork = {}): Promise<TuningStatus> {
    this.#close();
    const store = await this.#open();
    const collections = [
      await openInstalled(job.known, store),
      await openInstalled(job.taught, store),
    ];
    for (const { collection } of collections) assertEncoder(collection, job.encoder);
    const rows = collections.flatMap((loaded, i) => rowsOf(loaded, i === 1));
    const data = splitRows(rows, job.bank, job.settings);
    throwIfAborted(work.signal);
    const backend = await startTrainingBackend();
    const trainer = new AdapterTrainer(data, job.settings);
    const key = JSON.stringify([
      job.encoder,
      collections.map(({ collection }) => collection.shards.map(({ sha256 }) => sha256)),
      collections.map(({ collection }) => collection.labels.map(({ label }) => label)),
      job.settings,
    ]);
    const { photos, landmarks } = { photos: rows.length, landmarks: data.classes.length };
    if (job.resume) {
      const saved = await savedRun(store);
      if (saved?.key !== key) {
        trainer.dispose();
        throw new CairnError(
          'usage',
          'What you taught has changed since that tuning was interrupted.',
          'Start a new tuning.',
        );
      }
      trainer.restore(saved.state);
      const { before, best } = saved;
      const losses = saved.points.flatMap(({ validation }) => validation ?? []);
      const bestLoss = Math.min(Number.POSITIVE_INFINITY, ...losses);
      const points = [...saved.points];
      this.#run = {
        job,
        key,
        backend,
        trainer,
        before,
        photos,
        landmarks,
        points,
        best,
        bestLoss,
        recent: [],
      };
    } else {
      const active = job.active && decodeAdapter(job.active).adapter;
      const before = judge(active ? { ...data, vectors: adapt(active, data.vectors) } : data);
      const bestLoss = Number.POSITIVE_INFINITY;
      const run: Run = {
        job,
        key,
        backend,
        trainer,
        before,
        photos,
        landmarks,
        points: [],
        best: null,
        bestLoss,
        recent: [],
      };
      const { loss } = await trainer.validate();
      run.points.push({ step: 0, loss: null, validation: loss });
      // The untuned head is what the tuned one must beat.
      run.bestLoss = loss ?? run.bestLoss;
      this.#run = run;
    }
    return this.#status();
  }

  /**
   * Up to `count` steps, fewer at the end; validates and saves where the settings say so.
   * @throws CairnError `usage` without a run, `training-failed`, `storage-*`, `aborted`
   */
  async advance(count: number, work: LongWork = {}): Promise<TuningStatus> {
    const run = this.#current();
    const { trainer, job } = run;
    const { steps, validateEvery, saveEvery } = job.settings;
    for (let i = 0; i < count && trainer.step < steps; i++) {
      throwIfAborted(work.signal);
      run.recent.push(await trainer.advance());
      const last = trainer.step === steps;
      if (trainer.step % validateEvery === 0 || last) await this.#validate(run);
      if (trainer.step % saveEvery === 0 || last) await this.save();
    }
    return this.#status();
  }

  /** Keeps the run as it stands; throws `usage` without one. */
  async save(): Promise<void> {
    const { key, trainer, job, points, before, best } = this.#current();
    const { steps } = job.settings;
    const state = await trainer.save();
    await saveRun(await this.#open(), {
      key,
      step: trainer.step,
      steps,
      points,
      before,
      best,
      state,
    });
  }

  /** The best head so far as a safetensors file; null where none was better than what there is. */
  best(): Uint8Array<ArrayBuffer> | null {
    return this.#current().best?.bytes ?? null;
  }

  /** Ends the run and forgets what was saved of it. */
  async discard(): Promise<void> {
    this.#close();
    await dropRun(await this.#open());
  }

  async #validate(run: Run): Promise<void> {
    const { trainer, job, recent } = run;
    const { loss, figures } = await trainer.validate();
    const mean = recent.reduce((sum, each) => sum + each, 0) / recent.length;
    run.points.push({ step: trainer.step, loss: mean, validation: loss });
    run.recent = [];
    // Without held-out photos nothing can be compared: then the newest counts.
    if (loss !== null && loss >= run.bestLoss) return;
    run.bestLoss = loss ?? run.bestLoss;
    const bytes = encodeAdapter(await trainer.adapter(), job.encoder);
    run.best = { step: trainer.step, figures, bytes };
  }

  #status(): TuningStatus {
    const { backend, trainer, job, points, before, best, photos, landmarks } = this.#current();
    return {
      backend,
      step: trainer.step,
      steps: job.settings.steps,
      points: [...points],
      before,
      best: best && { step: best.step, figures: best.figures },
      photos,
      landmarks,
    };
  }

  #current(): Run {
    if (this.#run) return this.#run;
    throw new CairnError('usage', 'No tuning is under way.', 'Start one.');
  }

  #close(): void {
    this.#run?.trainer.dispose();
    this.#run = null;
  }

  #open(): Promise<CairnStore> {
    this.#store ??= openStore();
    return this.#store;
  }
}

function rowsOf({ collection, shards }: LoadedCollection, taught: boolean): TuningRow[] {
  return shards.flatMap((shard) =>
    Array.from({ length: shard.rows }, (_, row) => {
      const embedding = new Float32Array(shard.dim);
      rowVector(shard, row, embedding);
      return { embedding, label: collection.labels[shard.labels[row]!]!.label, taught };
    }),
  );
}
