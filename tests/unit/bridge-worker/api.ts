// A worker's object for the bridge's tests: every way in which a real one can answer or fail.
import { CairnError } from '../../../src/errors.ts';
import type { LongWork } from '../../../src/progress.ts';

export class TrialApi {
  readonly #born = Math.random();
  #cancelled = 0;

  async born(): Promise<number> {
    return this.#born;
  }

  async double(values: Float32Array): Promise<Float32Array> {
    return values.map((v) => 2 * v);
  }

  async fail(kind: 'ours' | 'foreign'): Promise<never> {
    if (kind === 'ours') throw new CairnError('photo-corrupt', 'It is torn.', 'Take another.');
    throw new TypeError('x is not a function');
  }

  /** Search-like: work and other options in one object. */
  async options(options: { readonly k: number } & LongWork): Promise<unknown> {
    return { k: options.k, keys: Object.keys(options).sort() };
  }

  /** Tells its progress every 20 ms and stops when asked to. */
  async steps(total: number, work?: LongWork): Promise<number> {
    for (let done = 0; done < total; done++) {
      work?.onProgress?.({ stage: 'encode', done, total, unit: 'steps' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (work?.signal?.aborted) {
        this.#cancelled++;
        throw new CairnError('aborted', 'The work was stopped.', 'Start it again if needed.');
      }
    }
    return total;
  }

  async cancelled(): Promise<number> {
    return this.#cancelled;
  }

  /** Never answers, but stays alive. */
  async sleep(_work?: LongWork): Promise<never> {
    return new Promise(() => {});
  }

  /** Computes without a pause. */
  async spin(ms: number, _work?: LongWork): Promise<void> {
    const end = performance.now() + ms;
    while (performance.now() < end);
  }

  async die(how: 'exit' | 'throw'): Promise<void> {
    if (how === 'exit') {
      if (typeof process === 'undefined') self.close();
      else process.exit(3);
    }
    if (how === 'throw')
      setTimeout(() => {
        throw new Error('thrown where nobody catches');
      });
    await new Promise(() => {});
  }
}
