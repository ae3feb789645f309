// Fine-tuning at work: drives the trainer a few steps at a time, so that pausing and leaving are easy.
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Remote } from '../../bridge/worker-bridge.ts';
import { toPlainError } from '../../errors.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { tunedCollection } from '../../retrieval/taught-collection.ts';
import { TUNING } from '../../training/adapter/presets.ts';
import {
  type DeviceFacts,
  refusalOf,
  type TuningNeeds,
} from '../../training/adapter/tuning-data.ts';
import type { NetworkJob, TuningInUse, TuningJob } from '../../training/tuning/courses.ts';
import { GPU_FAILED } from '../../training/tuning/gpu-failure.ts';
import { lastStageRefusal, type PictureFacts } from '../../training/tuning/last-stage-needs.ts';
import { LAST_STAGE } from '../../training/tuning/last-stage-presets.ts';
import type { TrainingWish } from '../../training/tuning/trainer-backend.ts';
import {
  type AppliedTuning,
  dropRun,
  readTunings,
  savedRun,
  type TunedResult,
  type TuningScope,
  type Tunings,
} from '../../training/tuning/trainer-keep.ts';
import type { TrainerService, TuningStatus } from '../../training/tuning/trainer-service.ts';
import { sha256Hex } from '../../weights/sha256.ts';
import { deviceFacts } from './device-facts.ts';
import { holdIfFree } from './locks.ts';
import type { SavedTuning, Tuning, TuningState } from './tuning.ts';
import { type ChangesParts, TuningChanges } from './tuning-changes.ts';

/** Steps in one call to the trainer: at most a second or two without news. */
const STEPS_A_CALL = { head: 3, 'last-stage': 1 } as const satisfies Record<TuningScope, number>;
/** Held from a run's start to its end: two tabs would write over each other's checkpoints. */
const LOCK = 'cairn-tuning';

export interface TunerParts extends ChangesParts {
  readonly trainer: { readonly api: Remote<TrainerService>; release(): void };
  readonly job: Pick<TuningJob, 'known' | 'taught' | 'encoder' | 'bank'>;
  /** The network whose last stage can be tuned. */
  readonly network: Omit<NetworkJob, 'pictures'>;
  /** Stored copies of taught photos, those that are there. */
  readonly pictures: () => Promise<NetworkJob['pictures']>;
  /** What of these there is, asked for at every change of what was taught. */
  readonly pictureFacts: () => Promise<PictureFacts>;
  readonly needs: ReadonlySignal<TuningNeeds>;
}

/** @returns the tuner, once it knows what an earlier visit left */
export async function createTuner(parts: TunerParts): Promise<Tuning> {
  const { store, trainer, needs } = parts;
  const state = signal<TuningState>({ at: 'idle' });
  const changes = new TuningChanges(parts);
  const { tunings } = changes;
  const saved = signal<SavedTuning | null>(null);
  const scope = signal<TuningScope>('head');
  const device = signal<DeviceFacts>(await deviceFacts(store));
  const pictures = signal<PictureFacts>({ missing: 0, bytes: 0 });

  async function lookForSaved(): Promise<void> {
    const run = await savedRun(store).catch(() => null);
    saved.value = run && { scope: run.scope, step: run.step, steps: run.steps };
  }
  await lookForSaved();
  if (saved.value) scope.value = saved.value.scope;
  /** The loop of steps that runs or has just been told to stop; one at a time. */
  let driving: Promise<void> = Promise.resolve();
  // What was taught fills the storage too.
  effect(() => {
    const { rows, taught } = needs.value;
    if (rows === 0) return;
    void deviceFacts(store).then((facts) => {
      device.value = facts;
    });
    const wanted = taught.reduce((sum, photos) => sum + photos, 0);
    parts.pictureFacts().then(
      (facts) => {
        pictures.value = facts;
      },
      () => {
        pictures.value = { missing: wanted, bytes: 0 };
      },
    );
  });

  let release: (() => void) | null = null;

  /** Whether this tab may tune; where another one does, the state says so. */
  async function hold(): Promise<boolean> {
    release ??= await holdIfFree(LOCK);
    if (!release) state.value = { at: 'elsewhere' };
    return release !== null;
  }

  function letGo(): void {
    release?.();
    release = null;
  }

  /** WASM from the first failure of the graphics processor on: what it cannot do once it may never do. */
  let wish: TrainingWish = 'auto';

  function fail(thrown: unknown): void {
    trainer.release();
    letGo();
    const error = toPlainError(thrown);
    if (error.subject === GPU_FAILED) wish = 'wasm';
    state.value = { at: 'failed', error };
    void lookForSaved();
  }

  async function jobFor(what: TuningScope, resume: boolean): Promise<TuningJob> {
    const inUse = await inUseOf(tunings.peek().active, parts.network);
    const base = { ...parts.job, inUse, resume, wish };
    return what === 'head'
      ? { ...base, scope: what, settings: TUNING }
      : {
          ...base,
          scope: what,
          settings: LAST_STAGE,
          network: { ...parts.network, pictures: await parts.pictures() },
        };
  }

  async function open(what: TuningScope, resume: boolean): Promise<void> {
    const { at } = state.peek();
    if (at !== 'idle' && at !== 'failed' && at !== 'elsewhere') return;
    state.value = { at: 'preparing', progress: null };
    if (!(await hold())) return;
    try {
      const run = await trainer.api.open(await jobFor(what, resume), {
        onProgress: (progress) => {
          if (state.peek().at === 'preparing') state.value = { at: 'preparing', progress };
        },
      });
      saved.value = null;
      driving = drive(run);
      await driving;
    } catch (thrown) {
      fail(thrown);
    }
  }

  async function drive(from: TuningStatus): Promise<void> {
    let run = from;
    state.value = { at: 'running', run };
    try {
      while (run.step < run.steps) {
        run = await trainer.api.advance(STEPS_A_CALL[run.scope], {});
        const { at } = state.peek();
        if (at === 'paused' || at === 'over') {
          state.value = { at, run };
          await trainer.api.save();
          return;
        }
        state.value = { at: 'running', run };
      }
      state.value = { at: 'over', run };
    } catch (thrown) {
      fail(thrown);
    }
  }

  function leave(at: 'paused' | 'over'): void {
    const now = state.peek();
    if (now.at === 'running' || (now.at === 'paused' && at === 'over')) {
      state.value = { at, run: now.run };
    }
  }

  /**
   * The best result of a run. A worker that has died since has left it in what was kept of the run, unless it died before
   * that. @throws CairnError as the worker's death does
   */
  async function bestOf({
    scope: tuned,
    best,
  }: TuningStatus): Promise<TunedResult['bytes'] | null> {
    if (!best) return null;
    try {
      return await trainer.api.best();
    } catch (thrown) {
      const kept = await savedRun(store);
      if (kept?.scope === tuned && kept.best?.step === best.step) return kept.best.bytes;
      throw thrown;
    }
  }

  async function discard(): Promise<void> {
    await driving;
    if (!(await hold())) return;
    try {
      await dropRun(store);
    } finally {
      trainer.release();
      letGo();
      saved.value = null;
      state.value = { at: 'idle' };
    }
  }

  return {
    state,
    scope,
    choose: (chosen) => {
      scope.value = chosen;
    },
    refusal: computed(() =>
      scope.value === 'head'
        ? refusalOf(needs.value, device.value)
        : lastStageRefusal(needs.value, device.value, pictures.value),
    ),
    pictureBytes: computed(() => pictures.value.bytes),
    saved,
    active: computed(() => tunings.value.active),
    start: () => open(scope.peek(), false),
    resumeSaved: () => open(saved.peek()?.scope ?? scope.peek(), true),
    pause: () => leave('paused'),
    resume() {
      // The steps that were under way when it was paused come first.
      void driving.then(() => {
        const now = state.peek();
        if (now.at === 'paused') driving = drive(now.run);
      });
    },
    stop: () => leave('over'),
    discard,
    async apply() {
      await driving;
      const now = state.peek();
      if (now.at !== 'over') return;
      const { best } = now.run;
      const bytes = await bestOf(now.run);
      if (!best || !bytes) return;
      const { before, scope: tuned } = now.run;
      const applied = new Date().toISOString();
      state.value = { at: 'applying', run: now.run };
      try {
        await changes.change(({ active }) => ({
          active: { scope: tuned, bytes, figures: best.figures, before, applied },
          previous: active,
        }));
      } catch (thrown) {
        state.value = now;
        throw thrown;
      }
      await discard();
    },
    undo: () => changes.undo(),
    async exported() {
      const now = state.peek();
      const fresh = 'run' in now ? await bestOf(now.run) : null;
      const { active } = tunings.peek();
      const bytes = fresh ?? active?.bytes;
      const what = fresh && 'run' in now ? now.run.scope : active?.scope;
      if (!bytes || !what) return null;
      return { scope: what, file: new Blob([bytes], { type: 'application/octet-stream' }) };
    },
  };
}

/** What an earlier visit left in use; nothing where storage lasts no longer than the page. */
export async function tuningsOf(store: CairnStore): Promise<Tunings> {
  const none: Tunings = { active: null, previous: null };
  return store.persistent ? readTunings(store).catch(() => none) : none;
}

async function inUseOf(
  active: AppliedTuning | null,
  { slice }: Pick<NetworkJob, 'slice'>,
): Promise<TuningInUse | null> {
  if (!active) return null;
  const { scope, bytes } = active;
  return scope === 'head'
    ? { scope, bytes }
    : { scope, collection: tunedCollection(await sha256Hex(bytes)), slice };
}
