// Fine-tuning at work: drives the trainer a few steps at a time, so that pausing and leaving are easy.
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Remote } from '../../bridge/worker-bridge.ts';
import { toPlainError } from '../../errors.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { TUNING } from '../../training/adapter/presets.ts';
import {
  type DeviceFacts,
  refusalOf,
  type TuningNeeds,
} from '../../training/adapter/tuning-data.ts';
import {
  dropRun,
  type Heads,
  readHeads,
  savedRun,
  writeHeads,
} from '../../training/tuning/trainer-keep.ts';
import type {
  TrainerService,
  TuningJob,
  TuningStatus,
} from '../../training/tuning/trainer-service.ts';
import type { Tuning, TuningState } from './tuning.ts';

/** Steps in one call to the trainer: at most a second or so without news. */
const STEPS_A_CALL = 3;
const GIBIBYTE = 2 ** 30;

export interface TunerParts {
  readonly store: CairnStore;
  readonly trainer: { readonly api: Remote<TrainerService>; release(): void };
  readonly job: Pick<TuningJob, 'known' | 'taught' | 'encoder' | 'bank'>;
  readonly needs: ReadonlySignal<TuningNeeds>;
  readonly heads: Heads;
  /** Searches and describes through this head from now on; null = none. */
  readonly use: (head: Uint8Array<ArrayBuffer> | null) => Promise<void>;
}

/** @returns the tuner, once it knows what an earlier visit left */
export async function createTuner(parts: TunerParts): Promise<Tuning> {
  const { store, trainer, needs, use } = parts;
  const state = signal<TuningState>({ at: 'idle' });
  const heads = signal(parts.heads);
  const saved = signal<{ step: number; steps: number } | null>(null);
  const device = signal<DeviceFacts>(await deviceFacts(store));

  async function lookForSaved(): Promise<void> {
    const run = await savedRun(store).catch(() => null);
    saved.value = run && { step: run.step, steps: run.steps };
  }
  await lookForSaved();
  /** The loop of steps that runs or has just been told to stop; one at a time. */
  let driving: Promise<void> = Promise.resolve();
  // What was taught fills the storage too.
  effect(() => {
    if (needs.value.rows > 0) {
      void deviceFacts(store).then((facts) => {
        device.value = facts;
      });
    }
  });

  function fail(thrown: unknown): void {
    trainer.release();
    state.value = { at: 'failed', error: toPlainError(thrown) };
    void lookForSaved();
  }

  async function open(resume: boolean): Promise<void> {
    const { at } = state.peek();
    if (at !== 'idle' && at !== 'failed') return;
    state.value = { at: 'preparing' };
    try {
      const active = heads.peek().active?.bytes ?? null;
      const run = await trainer.api.open(
        { ...parts.job, scope: 'head', settings: TUNING, active, resume },
        {},
      );
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
        run = await trainer.api.advance(STEPS_A_CALL, {});
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

  async function change(next: Heads): Promise<void> {
    const before = heads.peek();
    await writeHeads(store, next);
    try {
      await use(next.active?.bytes ?? null);
    } catch (thrown) {
      await writeHeads(store, before);
      throw thrown;
    }
    heads.value = next;
  }

  async function discard(): Promise<void> {
    await driving;
    await dropRun(store);
    trainer.release();
    saved.value = null;
    state.value = { at: 'idle' };
  }

  return {
    state,
    refusal: computed(() => refusalOf(needs.value, device.value)),
    saved,
    active: computed(() => heads.value.active),
    start: () => open(false),
    resumeSaved: () => open(true),
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
      const best = now.at === 'over' ? now.run.best : null;
      const bytes = best && (await trainer.api.best());
      if (now.at !== 'over' || !best || !bytes) return;
      const { before } = now.run;
      const applied = new Date().toISOString();
      await change({
        active: { bytes, figures: best.figures, before, applied },
        previous: heads.peek().active,
      });
      await discard();
    },
    undo: () => change({ active: heads.peek().previous, previous: null }),
    async exported() {
      const now = state.peek();
      const fresh = 'run' in now && now.run.best ? await trainer.api.best() : null;
      const bytes = fresh ?? heads.peek().active?.bytes;
      return bytes ? new Blob([bytes], { type: 'application/octet-stream' }) : null;
    },
  };
}

/** The heads that an earlier visit left; none where storage lasts no longer than the page. */
export async function headsOf(store: CairnStore): Promise<Heads> {
  const none: Heads = { active: null, previous: null };
  return store.persistent ? readHeads(store).catch(() => none) : none;
}

async function deviceFacts(store: CairnStore): Promise<DeviceFacts> {
  const estimate = await navigator.storage?.estimate().catch(() => null);
  const { deviceMemory } = navigator as { readonly deviceMemory?: number };
  return {
    persistent: store.persistent,
    storageLeft: estimate?.quota === undefined ? null : estimate.quota - (estimate.usage ?? 0),
    memory: deviceMemory === undefined ? null : deviceMemory * GIBIBYTE,
  };
}
