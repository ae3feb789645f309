// What the page needs of the machinery behind it. The page knows nothing of workers or storage.
import type { ReadonlySignal } from '@preact/signals';
import type { PlainError } from '../errors.ts';
import type { EncoderInfo } from '../inference/encoder.ts';
import type { Progress } from '../progress.ts';
import type { RecognizeWork } from '../recognizer.ts';
import type { CollectionLabel } from '../retrieval/labels.ts';
import type { Verdict } from '../verdict.ts';
import type { Collections } from './collections/collections.ts';
import type { RecognitionHistory } from './history/history.ts';
import type { Services } from './services/service-list.ts';
import type { Building } from './teaching/building/building.ts';
import type { Teaching } from './teaching/teaching.ts';
import type { Tuning } from './teaching/tuning.ts';

export type EngineStatus =
  | { readonly state: 'loading'; readonly progress: Progress | null }
  | { readonly state: 'ready'; readonly encoder: EncoderInfo }
  | { readonly state: 'failed'; readonly error: PlainError };

/** Things a user should know of but that stop nothing, such as a fall-back to WASM. */
export interface Notice {
  readonly id:
    | 'self-test-failed'
    | 'no-isolation'
    | 'worker-restarted'
    | 'storage-unavailable'
    | 'taught-unavailable'
    | 'collection-unavailable'
    | 'head-outdated'
    | 'service-unavailable'
    | 'matcher-unavailable';
  readonly detail: string;
}

export interface Diagnostics {
  readonly crossOriginIsolated: boolean;
  readonly encoder: EncoderInfo | null;
  readonly collection: {
    readonly name: string;
    readonly labels: number;
    readonly photos: number;
    readonly bytes: number;
  } | null;
  /** HNSW graphs built, out of all shards; the engine that answers at present. */
  readonly index: {
    readonly hnswShards: number;
    readonly shards: number;
    readonly engine: string;
  } | null;
  readonly storage: { readonly usage: number; readonly quota: number } | null;
}

export interface Engine {
  readonly status: ReadonlySignal<EngineStatus>;
  readonly notices: ReadonlySignal<readonly Notice[]>;
  /** Landmarks of the open collection and taught ones; empty until it is open. */
  readonly labels: ReadonlySignal<readonly CollectionLabel[]>;
  /** What is installed; works where the recognizer could not start, as far as it needs none. */
  readonly collections: Collections;
  /** Collections that are searched elsewhere, where the user has agreed to it. */
  readonly services: Pick<Services, 'list' | 'look' | 'agree' | 'remove' | 'again'>;
  /** Past recognitions, kept in the browser; works where the recognizer could not start. */
  readonly history: RecognitionHistory;
  /** What the user taught, and how to teach more; its methods wait for the engine to be ready. */
  readonly teaching: Teaching;
  /** Learning a folder; a folder given before the engine is ready waits for it. */
  readonly building: Building;
  /** Fine-tuning of the encoder's head; null until the engine is ready. */
  readonly tuning: ReadonlySignal<Tuning | null>;
  /** Whether photos are matched with what the open collection keeps of its own. */
  readonly verifies: ReadonlySignal<boolean>;
  /** How far opening the matcher is, which the engine does not wait for; null while none is being opened. */
  readonly preparing: ReadonlySignal<Progress | null>;
  /** Waits for the engine to be ready; photos are worked on one at a time, in order of calling. */
  recognize(photo: Blob, work?: RecognizeWork): Promise<Verdict>;
  /** Starts loading again after `failed`. */
  retry(): void;
  diagnostics(): Promise<Diagnostics>;
}
