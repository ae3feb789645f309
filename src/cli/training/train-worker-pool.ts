// Threads that make batches ahead of training, as a BatchSource.
import { Worker } from 'node:worker_threads';
import { CairnError, fromPlainError } from '../../errors.ts';
import {
  AUGMENTATIONS,
  type AugmentationName,
  type AugmentationPreset,
} from '../../training/augment/presets.ts';
import type { Batch, BatchPlan, BatchSource } from '../../training/data/batch.ts';
import type { PairBatch } from '../../training/matcher/make-pairs.ts';
import type {
  BatchAnswer,
  BatchRequest,
  BatchWorkerData,
  KnownPair,
} from './train-worker-protocol.ts';

export interface WorkerOptions {
  readonly workers?: number;
  /** Most bytes of decoded photos in memory, all workers together. */
  readonly cacheBytes?: number;
}

export interface BatchWorkerOptions extends WorkerOptions {
  readonly augmentation: AugmentationName | AugmentationPreset;
  /** Of 0..255 values by channel: the encoder's `input.mean` and `input.std`. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export const BATCH_WORKERS = {
  /** Two cores are common, and training takes the other. */
  workers: 1,
  cacheBytes: 512 * 2 ** 20,
  /** Batches that a worker has been asked for; more wait here, so that any free worker takes them. */
  prefetch: 3,
} as const;

const START = new URL('./train-worker-start.mjs', import.meta.url);

interface Pending<B> {
  readonly plan: BatchPlan;
  resolve(batch: B): void;
  reject(error: CairnError): void;
}

/** A thread that has not ended, and what it is to answer, by id. */
interface Thread<B> {
  readonly worker: Worker;
  readonly asked: Map<number, Pending<B>>;
}

/** Threads that all make the same kind of batch. */
abstract class PlanWorkers<B> implements BatchSource<B> {
  readonly #threads: Thread<B>[];
  readonly #waiting: Pending<B>[] = [];
  #nextId = 0;
  /** Why no batch comes any more. */
  #ended: CairnError | null = null;

  /** @param data of a thread, from the bytes that it may keep */
  constructor(data: (cacheBytes: number) => BatchWorkerData, options: WorkerOptions) {
    const count = options.workers ?? BATCH_WORKERS.workers;
    const cacheBytes = (options.cacheBytes ?? BATCH_WORKERS.cacheBytes) / count;
    this.#threads = Array.from({ length: count }, () => this.#start(data(cacheBytes)));
  }

  /** The threads, to be watched from outside: how busy they are, or that they end. */
  get workers(): readonly Worker[] {
    return this.#threads.map(({ worker }) => worker);
  }

  load(plan: BatchPlan): Promise<B> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#waiting.push({ plan, resolve, reject });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    this.#end(
      new CairnError('aborted', 'The batch workers were closed.', 'Open them again if needed.'),
    );
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(data: BatchWorkerData): Thread<B> {
    const worker = new Worker(START, { workerData: data, execArgv: [] });
    const thread: Thread<B> = { worker, asked: new Map() };
    worker.on('message', (answer: BatchAnswer) => this.#settle(thread, answer));
    worker.on('error', (error: Error) => this.#end(crashed(`it failed: ${error.message}`)));
    worker.on('messageerror', () => this.#end(crashed('its answer cannot be read')));
    worker.on('exit', (code) => this.#end(crashed(`it ended with code ${code}`)));
    return thread;
  }

  /** To the thread with the least to do, as long as one has room. */
  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const idlest = this.#threads.reduce((a, b) => (b.asked.size < a.asked.size ? b : a));
      if (idlest.asked.size >= BATCH_WORKERS.prefetch) return;
      const pending = this.#waiting.shift()!;
      const id = this.#nextId++;
      idlest.asked.set(id, pending);
      idlest.worker.postMessage({ id, plan: pending.plan } satisfies BatchRequest);
    }
  }

  #settle({ asked }: Thread<B>, answer: BatchAnswer): void {
    const pending = asked.get(answer.id);
    asked.delete(answer.id);
    // Threads make what their data asks for.
    if (answer.kind === 'batch') pending?.resolve(answer.batch as B);
    else pending?.reject(fromPlainError(answer.error));
    this.#dispatch();
  }

  /** The first reason counts: a crash ends the others too, since training cannot go on without it. */
  #end(why: CairnError): void {
    if (this.#ended) return;
    this.#ended = why;
    const pending = [
      ...this.#threads.flatMap(({ asked }) => [...asked.values()]),
      ...this.#waiting,
    ];
    for (const thread of this.#threads) {
      thread.asked.clear();
      void thread.worker.terminate();
    }
    this.#waiting.length = 0;
    for (const { reject } of pending) reject(why);
  }
}

/** Of augmented photos, for encoders. */
export class BatchWorkers extends PlanWorkers<Batch> {
  /**
   * @param files absolute paths, which plans name by index
   * @param labels class of each, −1 = none
   */
  constructor(files: readonly string[], labels: Int32Array, options: BatchWorkerOptions) {
    const { augmentation: wanted, mean, std } = options;
    const augmentation = typeof wanted === 'string' ? AUGMENTATIONS[wanted] : wanted;
    super(
      (cacheBytes) => ({ kind: 'images', files, labels, augmentation, mean, std, cacheBytes }),
      options,
    );
  }
}

/** Of pairs of views, for matchers. */
export class PairWorkers extends PlanWorkers<PairBatch> {
  /**
   * @param files absolute paths of photos that make a pair each, which plans name by index
   * @param pairs of photos, which plans name by their place after all files
   */
  constructor(
    files: readonly string[],
    pairs: readonly KnownPair[] = [],
    options: WorkerOptions = {},
  ) {
    super((cacheBytes) => ({ kind: 'pairs', files, pairs, cacheBytes }), options);
  }
}

function crashed(how: string): CairnError {
  return new CairnError(
    'worker-crashed',
    `A worker that prepares batches is gone: ${how}.`,
    'Go on from the last checkpoint with --resume; lower --batch if memory is short.',
  );
}
