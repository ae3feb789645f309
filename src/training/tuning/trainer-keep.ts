// What tuning keeps in the browser: an interrupted run, the head in use, and the one before it.
import type { CairnStore } from '../../retrieval/store.ts';
import type { Figures } from '../adapter/figures.ts';

export interface TuningPoint {
  readonly step: number;
  /** Mean over the steps since the point before; null before the first step. */
  readonly loss: number | null;
  /** On held-out photos; null where nothing is held out. */
  readonly validation: number | null;
}

/** A head at the step where held-out photos did best. */
export interface TunedHead {
  readonly step: number;
  readonly figures: Figures;
  /** The adapter as a safetensors file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface SavedRun {
  /** What must be the same for the run to go on: encoder, collections, settings. */
  readonly key: string;
  readonly step: number;
  readonly steps: number;
  readonly points: readonly TuningPoint[];
  readonly before: Figures;
  readonly best: TunedHead | null;
  readonly state: Uint8Array<ArrayBuffer>;
}

export interface AppliedHead extends Omit<TunedHead, 'step'> {
  readonly before: Figures;
  /** ISO 8601, UTC. */
  readonly applied: string;
}

const KEYS = { run: 'tuning/run', active: 'tuning/active', previous: 'tuning/previous' } as const;

export async function savedRun(store: CairnStore): Promise<SavedRun | null> {
  const value = (await store.getValue(KEYS.run)) as Partial<SavedRun> | undefined;
  return value?.state instanceof Uint8Array && typeof value.key === 'string'
    ? (value as SavedRun)
    : null;
}

/** One value in one transaction: an older checkpoint stays whole until the newer one is. */
export async function saveRun(store: CairnStore, run: SavedRun): Promise<void> {
  await store.putValue(KEYS.run, run);
}

export async function dropRun(store: CairnStore): Promise<void> {
  await store.deleteValue(KEYS.run);
}

export interface Heads {
  readonly active: AppliedHead | null;
  readonly previous: AppliedHead | null;
}

export async function readHeads(store: CairnStore): Promise<Heads> {
  return { active: await head(store, KEYS.active), previous: await head(store, KEYS.previous) };
}

export async function writeHeads(store: CairnStore, { active, previous }: Heads): Promise<void> {
  for (const [key, value] of [
    [KEYS.previous, previous],
    [KEYS.active, active],
  ] as const) {
    await (value ? store.putValue(key, value) : store.deleteValue(key));
  }
}

async function head(store: CairnStore, key: string): Promise<AppliedHead | null> {
  const value = (await store.getValue(key)) as Partial<AppliedHead> | undefined;
  return value?.bytes instanceof Uint8Array ? (value as AppliedHead) : null;
}
