// The matcher as its worker serves it: told once where the models are, then asked to verify photos.
import { CairnError } from '../errors.ts';
import { decodePhoto } from '../imaging/decode-browser.ts';
import type { LongWork } from '../progress.ts';
import type { ByteStore } from '../weights/byte-store.ts';
import { webSource } from '../weights/web-source.ts';
import type { BackendWish } from './backend.ts';
import { browserRuntime } from './browser-runtime.ts';
import { loadMatcherModel } from './load-matcher.ts';
import { type MatcherReport, OrtMatcher } from './matcher.ts';
import { type MatchedReference, type VerificationTask, verifyPhoto } from './verify-photo.ts';

export interface MatcherSettings {
  /** Absolute address of the models folder, ending in a slash. */
  readonly models: string;
  /** Which matcher; the registry's default when left out. */
  readonly matcher?: string;
  readonly backend?: BackendWish;
  /** The page's `navigator.maxTouchPoints`, which workers lack. */
  readonly touchPoints?: number;
}

export interface Verification {
  readonly references: MatchedReference[];
  /** Where that was computed: WebGPU may be given up at any photo. Null where nothing was. */
  readonly report: MatcherReport | null;
}

export class MatcherService {
  readonly #openStore: () => Promise<ByteStore>;
  #matcher: OrtMatcher | null = null;

  /** @param openStore opens what keeps downloaded models; called when the first is needed */
  constructor(openStore: () => Promise<ByteStore>) {
    this.#openStore = openStore;
  }

  /** Comes first; again, it starts anew. */
  async configure({ models, matcher, backend, touchPoints }: MatcherSettings): Promise<void> {
    await this.#matcher?.dispose();
    this.#matcher = new OrtMatcher({
      runtime: browserRuntime(touchPoints === undefined ? {} : { touchPoints }),
      load: async (work) =>
        loadMatcherModel(webSource(models, await this.#openStore()), matcher, work),
      ...(backend ? { wish: backend } : {}),
    });
  }

  /** Throws as `OrtMatcher.open` does. */
  async open(work?: LongWork): Promise<MatcherReport> {
    return this.#configured().open(work);
  }

  /** Throws `photo-*`, and as `verifyPhoto` does. */
  async verify(
    photo: Blob | Uint8Array,
    task: VerificationTask,
    work: LongWork = {},
  ): Promise<Verification> {
    const matcher = this.#configured();
    const bytes = photo instanceof Blob ? new Uint8Array(await photo.arrayBuffer()) : photo;
    const decode = async (picture: Blob) =>
      decodePhoto(new Uint8Array(await picture.arrayBuffer()), { signal: work.signal });
    const references = await verifyPhoto(
      matcher,
      await decodePhoto(bytes, work),
      task,
      decode,
      work,
    );
    return { references, report: matcher.report };
  }

  #configured(): OrtMatcher {
    if (this.#matcher) return this.#matcher;
    throw new CairnError(
      'usage',
      'The matcher does not know where its models are.',
      'Call configure first.',
    );
  }
}
