// What computes, open from its first use on; where WebGPU fails later, as when its device is lost, it is opened anew on
// WASM and asked again.
import { toCairnError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import type { BackendChoice } from './backend.ts';
import { type OpeningParts, openFallenBack, openWithFallback } from './open-with-fallback.ts';

/** Something that is open on a backend. */
export interface OpenOn {
  readonly on: Pick<BackendChoice, 'backend'>;
  release(): Promise<void>;
}

/** Calls must not overlap. */
export class KeptOpen<M, R extends OpenOn> {
  readonly #parts: OpeningParts<M, R>;
  #opened: R | null = null;

  constructor(parts: OpeningParts<M, R>) {
    this.#parts = parts;
  }

  /** Null before the first use, and after {@link release}. */
  get opened(): R | null {
    return this.#opened;
  }

  /** Throws as {@link openWithFallback}. */
  async ensure(work: LongWork): Promise<R> {
    this.#opened ??= await openWithFallback(this.#parts, work);
    return this.#opened;
  }

  /** Throws as {@link ensure} and as `task`; from WebGPU an `inference-failed` only where WASM fails as well. */
  async use<T>(task: (opened: R) => Promise<T>, work: LongWork): Promise<T> {
    const opened = await this.ensure(work);
    try {
      return await task(opened);
    } catch (thrown) {
      const { code, message } = toCairnError(thrown);
      if (opened.on.backend !== 'webgpu' || code !== 'inference-failed') throw thrown;
      this.#opened = null;
      // Nobody waits for it: a device that is gone need not answer.
      opened.release().catch(() => undefined);
      this.#opened = await openFallenBack(this.#parts, message, work);
      return task(this.#opened);
    }
  }

  /** A later use opens anew. */
  async release(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await opened?.release();
  }
}
