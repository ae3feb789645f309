// How long work tells how far it is: one shape for downloads, loading, indexing and recognition.

/** What is being done; the page has a text for each in both languages. */
export type Stage =
  | 'download'
  | 'load-model'
  | 'warm-up'
  | 'self-test'
  | 'open-collection'
  | 'build-index'
  | 'decode'
  | 'encode'
  | 'search'
  | 'rerank'
  | 'match'
  | 'decide';

/** One step of progress. `done` and `total` are in `unit`; total is 0 while unknown. */
export interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'steps' | 'photos' | 'rows';
  /** What is worked on, for people: a file name, a shard. */
  readonly item?: string;
}

export type OnProgress = (progress: Progress) => void;

/** What every long-running function takes. */
export interface LongWork {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Goes on after whatever has arrived meanwhile. WASM computes without ever waiting, so that a worker hears of
 * an abort only where it stops for it; a timer would do, but browsers hold those up by 4 ms each.
 */
export function nextTask(): Promise<void> {
  return new Promise((next) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      next();
    };
    port2.postMessage(null);
  });
}

/** Tells of a stage of one step: begun (0) or done (1). */
export function reportStep({ onProgress }: LongWork, stage: Stage, done: 0 | 1): void {
  onProgress?.({ stage, done, total: 1, unit: 'steps' });
}
