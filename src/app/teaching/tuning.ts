// Fine-tuning as the page sees it: what is tuned, what stands in its way, how far it is, what is in use.
import type { ReadonlySignal } from '@preact/signals';
import type { PlainError } from '../../errors.ts';
import type { Progress } from '../../progress.ts';
import type { LastStageRefusal } from '../../training/tuning/last-stage-needs.ts';
import type { AppliedTuning, TuningScope } from '../../training/tuning/trainer-keep.ts';
import type { TuningStatus } from '../../training/tuning/trainer-service.ts';

export type TuningState =
  | { readonly at: 'idle' }
  /** Collections are read, the backend is started, photos are looked at. */
  | { readonly at: 'preparing'; readonly progress: Progress | null }
  | { readonly at: 'running'; readonly run: TuningStatus }
  | { readonly at: 'paused'; readonly run: TuningStatus }
  /** At its end, or stopped: the best result can be applied. */
  | { readonly at: 'over'; readonly run: TuningStatus }
  /** Put to use: after the last stage, taught photos are embedded anew. */
  | { readonly at: 'applying'; readonly run: TuningStatus }
  | { readonly at: 'failed'; readonly error: PlainError }
  /** Another tab is tuning. */
  | { readonly at: 'elsewhere' };

export interface SavedTuning {
  readonly scope: TuningScope;
  readonly step: number;
  readonly steps: number;
}

export interface TunedFile {
  readonly scope: TuningScope;
  readonly file: Blob;
}

export interface Tuning {
  readonly state: ReadonlySignal<TuningState>;
  /** What a new run tunes. */
  readonly scope: ReadonlySignal<TuningScope>;
  choose(scope: TuningScope): void;
  /** Why that cannot be started; null when it can. */
  readonly refusal: ReadonlySignal<LastStageRefusal | null>;
  /** Bytes of the stored copies of taught photos, which the last stage learns from. */
  readonly pictureBytes: ReadonlySignal<number>;
  /** An interrupted run that can go on; null where none is. */
  readonly saved: ReadonlySignal<SavedTuning | null>;
  /** What is in use; null = as shipped. */
  readonly active: ReadonlySignal<AppliedTuning | null>;
  /** Begins a new run. */
  start(): Promise<void>;
  /** Goes on with the interrupted run. */
  resumeSaved(): Promise<void>;
  /** After the steps under way; kept for another visit. */
  pause(): void;
  resume(): void;
  /** Ends the run where it is. */
  stop(): void;
  /** Forgets the run. */
  discard(): Promise<void>;
  /** Uses the best result of the run from now on. */
  apply(): Promise<void>;
  /** Back to what was in use before, or to nothing. */
  undo(): Promise<void>;
  /** The best result of the run, else the one in use; null without either. */
  exported(): Promise<TunedFile | null>;
}
