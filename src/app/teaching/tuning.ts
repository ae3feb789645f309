// Fine-tuning as the page sees it: what stands in its way, how far it is, and the head in use.
import type { ReadonlySignal } from '@preact/signals';
import type { PlainError } from '../../errors.ts';
import type { TuningRefusal } from '../../training/adapter/tuning-data.ts';
import type { AppliedHead } from '../../training/tuning/trainer-keep.ts';
import type { TuningStatus } from '../../training/tuning/trainer-service.ts';

export type TuningState =
  | { readonly at: 'idle' }
  /** Collections are read and the backend is started. */
  | { readonly at: 'preparing' }
  | { readonly at: 'running'; readonly run: TuningStatus }
  | { readonly at: 'paused'; readonly run: TuningStatus }
  /** At its end, or stopped: the best head can be applied. */
  | { readonly at: 'over'; readonly run: TuningStatus }
  | { readonly at: 'failed'; readonly error: PlainError };

export interface Tuning {
  readonly state: ReadonlySignal<TuningState>;
  /** Why it cannot be started; null when it can. */
  readonly refusal: ReadonlySignal<TuningRefusal | null>;
  /** An interrupted run that can go on; null where none is. */
  readonly saved: ReadonlySignal<{ readonly step: number; readonly steps: number } | null>;
  /** The head in use; null = as shipped. */
  readonly active: ReadonlySignal<AppliedHead | null>;
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
  /** Uses the best head of the run from now on, for every collection. */
  apply(): Promise<void>;
  /** Back to the head before the one in use, or to none. */
  undo(): Promise<void>;
  /** The best head of the run, else the one in use, as a safetensors file; null without either. */
  exported(): Promise<Blob | null>;
}
