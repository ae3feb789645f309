// A worker's object in the matcher's place: it answers, fails or dies as the photo's first byte says.
import { CairnError } from '../../../src/errors.ts';
import type { MatcherService, MatcherSettings } from '../../../src/inference/matcher-service.ts';
import type { LongWork } from '../../../src/progress.ts';

/** What a photo makes of it. */
export const PHOTO = { answers: 0, fails: 1, dies: 2, hangs: 3 } as const;

type Api = Pick<MatcherService, 'configure' | 'open' | 'verify'>;

export class TrialMatcher implements Api {
  readonly #born = Math.floor(1e9 * Math.random());
  #models = '';
  #fellBack = false;

  async configure({ models }: MatcherSettings): Promise<void> {
    this.#models = models;
  }

  /** Its models' address says how it goes: `fine`, `fell-back`, `falls-back` with the first photo, `missing`. */
  async open({ onProgress }: LongWork = {}): ReturnType<Api['open']> {
    onProgress?.({ stage: 'download', done: 1, total: 2, unit: 'bytes' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (this.#models === 'missing') {
      throw new CairnError('download-failed', 'It is not there.', 'Go online.');
    }
    this.#fellBack = this.#models === 'fell-back';
    return this.#report();
  }

  #report(): Awaited<ReturnType<Api['open']>> {
    const fellBack = this.#fellBack;
    const reason = fellBack ? 'The card computes wrongly.' : '';
    return { backend: 'wasm', threads: 1, adapter: null, reason, fellBack, selfTest: null };
  }

  /** One reference, whose row says which worker answered. */
  async verify(photo: Blob | Uint8Array): ReturnType<Api['verify']> {
    const [what] = photo as Uint8Array;
    if (what === PHOTO.fails) throw new CairnError('photo-corrupt', 'It is torn.', 'Another one.');
    if (what === PHOTO.dies) process.exit(3);
    if (what === PHOTO.hangs) await new Promise(() => {});
    const size = { width: 1, height: 1 };
    const nothing = {
      similarity: 0,
      matches: 0,
      inliers: 0,
      spread: 0,
      points: new Float32Array(0),
    };
    this.#fellBack ||= this.#models === 'falls-back';
    return {
      references: [{ label: 0, row: this.#born, ...nothing, model: null, size, picture: null }],
      report: this.#report(),
    };
  }
}
