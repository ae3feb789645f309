// Tuning as a worker does it: collections from the store, steps when asked for, checkpoints between.
import { CairnError, throwIfAborted } from '../../errors.ts';
import type { DecodePhoto } from '../../imaging/decode.ts';
import type { LongWork } from '../../progress.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import type { DeviceWatch } from '../../tensor/tf/device-watch.ts';
import type { Figures } from '../adapter/figures.ts';
import {
  type Course,
  figuresInUse,
  keyOf,
  loadMaterial,
  openCourse,
  type TuningJob,
} from './courses.ts';
import { onDevice } from './gpu-failure.ts';
import type { StartedBackend, TrainingBackend, TrainingWish } from './trainer-backend.ts';
import {
  dropRun,
  type SavedRun,
  savedRun,
  saveRun,
  type TunedResult,
  type TuningPoint,
  type TuningScope,
} from './trainer-keep.ts';

export interface TuningStatus {
  readonly scope: TuningScope;
  readonly backend: TrainingBackend;
  readonly step: number;
  readonly steps: number;
  readonly points: readonly TuningPoint[];
  /** As things are without the new result. */
  readonly before: Figures;
  readonly best: Omit<TunedResult, 'bytes'> | null;
  readonly photos: number;
  readonly landmarks: number;
}

/** What differs between a browser's worker and a test. */
export interface TrainerPlace {
  readonly startBackend: (wish: TrainingWish) => Promise<StartedBackend>;
  readonly decode: DecodePhoto;
  readonly openStore: () => Promise<CairnStore>;
}

interface Run {
  readonly job: TuningJob;
  readonly key: string;
  readonly backend: TrainingBackend;
  readonly watch: DeviceWatch;
  readonly course: Course;
  readonly before: Figures;
  readonly photos: number;
  readonly landmarks: number;
  points: TuningPoint[];
  best: TunedResult | null;
  bestLoss: number;
  /** Losses since the last point. */
  recent: number[];
}

export class TrainerService {
  readonly #place: TrainerPlace;
  #store: Promise<CairnStore> | null = null;
  #run: Run | null = null;

  constructor(place: TrainerPlace) {
    this.#place = place;
  }

  /**
   * Prepares a run, or goes on with the saved one.
   * @throws CairnError `collection-*`, `storage-*`, `model-*`, `photo-*`, `backend-unavailable`; `usage` for
   * a saved run that no longer fits; `aborted`; `training-failed` of a device (`onDevice`)
   */
  async open(job: TuningJob, work: LongWork = {}): Promise<TuningStatus> {
    this.#close();
    const store = await this.#open();
    const material = await loadMaterial(job, store);
    const key = keyOf(job, material);
    const saved = job.resume ? await savedRun(store) : null;
    if (job.resume && saved?.key !== key) {
      throw new CairnError(
        'usage',
        'What you taught has changed since that tuning was interrupted.',
        'Start a new tuning.',
      );
    }
    throwIfAborted(work.signal);
    const { report: backend, watch } = await this.#place.startBackend(job.wish);
    const { decode } = this.#place;
    const course = await onDevice(watch, openCourse(job, material, store, decode, work));
    try {
      const { classes, vectors, dim } = material.data;
      const about = {
        job,
        key,
        backend,
        watch,
        course,
        photos: vectors.length / dim,
        landmarks: classes.length,
        recent: [],
      };
      this.#run = saved
        ? { ...about, ...goneOn(course, saved) }
        : { ...about, ...(await begun(about, await figuresInUse(job, material, store))) };
    } catch (thrown) {
      course.dispose();
      throw thrown;
    }
    return this.#status();
  }

  /**
   * Up to `count` steps, fewer at the end; validates and saves where the settings say so.
   * @throws CairnError `usage` without a run, `training-failed`, also of a device (`onDevice`), `storage-*`, `aborted`
   */
  async advance(count: number, work: LongWork = {}): Promise<TuningStatus> {
    const run = this.#current();
    const { course, job, watch } = run;
    const { steps, validateEvery, saveEvery } = job.settings;
    for (let i = 0; i < count && course.step < steps; i++) {
      throwIfAborted(work.signal);
      run.recent.push(await onDevice(watch, course.advance()));
      const last = course.step === steps;
      if (course.step % validateEvery === 0 || last) await this.#validate(run);
      if (course.step % saveEvery === 0 || last) await this.save();
    }
    return this.#status();
  }

  /** Keeps the run as it stands; throws `usage` without one, and nothing is kept of a device that has failed. */
  async save(): Promise<void> {
    const { key, course, job, points, before, best, watch } = this.#current();
    const state = await onDevice(watch, course.save());
    await saveRun(await this.#open(), {
      key,
      scope: job.scope,
      step: course.step,
      steps: job.settings.steps,
      points,
      before,
      best,
      state,
    });
  }

  /** The best result so far as a safetensors file; null where none was better than what there is. */
  best(): Uint8Array<ArrayBuffer> | null {
    return this.#current().best?.bytes ?? null;
  }

  /** Ends the run and forgets what was saved of it. */
  async discard(): Promise<void> {
    this.#close();
    await dropRun(await this.#open());
  }

  async #validate(run: Run): Promise<void> {
    const { course, recent, watch } = run;
    const { loss, figures } = await onDevice(watch, course.validate());
    const mean = recent.reduce((sum, each) => sum + each, 0) / recent.length;
    run.points.push({ step: course.step, loss: mean, validation: loss });
    run.recent = [];
    // Without held-out photos nothing can be compared: then the newest counts.
    if (loss !== null && loss >= run.bestLoss) return;
    // A part of what is in use may improve and still be worse than the whole.
    if (figures.taught.right < run.before.taught.right) return;
    const bytes = await onDevice(watch, course.file());
    run.bestLoss = loss ?? run.bestLoss;
    run.best = { step: course.step, figures, bytes };
  }

  #status(): TuningStatus {
    const { backend, course, job, points, before, best, photos, landmarks } = this.#current();
    return {
      scope: job.scope,
      backend,
      step: course.step,
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
    this.#run?.course.dispose();
    this.#run = null;
  }

  #open(): Promise<CairnStore> {
    this.#store ??= this.#place.openStore();
    return this.#store;
  }
}

type Standing = Pick<Run, 'points' | 'before' | 'best' | 'bestLoss'>;

function goneOn(course: Course, { state, points, before, best }: SavedRun): Standing {
  course.restore(state);
  const losses = points.flatMap(({ validation }) => validation ?? []);
  const bestLoss = Math.min(Number.POSITIVE_INFINITY, ...losses);
  return { points: [...points], before, best, bestLoss };
}

async function begun(
  { course, watch }: Pick<Run, 'course' | 'watch'>,
  before: Figures,
): Promise<Standing> {
  const { loss } = await onDevice(watch, course.validate());
  const points = [{ step: 0, loss: null, validation: loss }];
  // What was not tuned is what the tuned must beat.
  return { points, before, best: null, bestLoss: loss ?? Number.POSITIVE_INFINITY };
}
