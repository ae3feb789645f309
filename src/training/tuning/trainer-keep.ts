// What tuning keeps in the browser: an interrupted run, the result in use, and the one before it.
import type { CairnStore } from '../../retrieval/store.ts';
import type { Figures } from '../adapter/figures.ts';

/** What of the encoder learns. */
export const TUNING_SCOPES = ['head', 'last-stage'] as const;
export type TuningScope = (typeof TUNING_SCOPES)[number];

export interface TuningPoint {
  readonly step: number;
  /** Mean over the steps since the point before; null before the first step. */
  readonly loss: number | null;
  /** On held-out photos; null where nothing is held out. */
  readonly validation: number | null;
}

/** A run's result at the step where held-out photos did best. */
export interface TunedResult {
  readonly step: number;
  readonly figures: Figures;
  /** A safetensors file: an adapter, or a tuned network. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface SavedRun {
  /** What must be the same for the run to go on: encoder, collections, settings. */
  readonly key: string;
  readonly scope: TuningScope;
  readonly step: number;
  readonly steps: number;
  readonly points: readonly TuningPoint[];
  readonly before: Figures;
  readonly best: TunedResult | null;
  readonly state: Uint8Array<ArrayBuffer>;
}

export interface AppliedTuning extends Omit<TunedResult, 'step'> {
  readonly scope: TuningScope;
  readonly before: Figures;
  /** ISO 8601, UTC. */
  readonly applied: string;
}

/** How the keys of tunings, and of courses of tuning, begin. */
export const TUNING_KEYS = 'tuning/';
const KEYS = { run: `${TUNING_KEYS}run`, applied: `${TUNING_KEYS}applied` } as const;

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

export interface Tunings {
  readonly active: AppliedTuning | null;
  readonly previous: AppliedTuning | null;
}

export async function readTunings(store: CairnStore): Promise<Tunings> {
  const value = (await store.getValue(KEYS.applied)) as Partial<Tunings> | undefined;
  return { active: checked(value?.active), previous: checked(value?.previous) };
}

/** One value in one transaction: a page that is closed meanwhile has the old state or the new one. */
export async function writeTunings(store: CairnStore, tunings: Tunings): Promise<void> {
  await store.putValue(KEYS.applied, tunings);
}

function checked(value: Partial<AppliedTuning> | null | undefined): AppliedTuning | null {
  const known = TUNING_SCOPES.some((scope) => scope === value?.scope);
  return known && value?.bytes instanceof Uint8Array ? (value as AppliedTuning) : null;
}
