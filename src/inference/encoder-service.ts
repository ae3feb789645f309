// The encoder as its worker serves it: told once where the models are, then used like any encoder; and
// beside it, where the user has tuned one, a second network.
import { CairnError } from '../errors.ts';
import type { DecodePhoto } from '../imaging/decode.ts';
import { decodePhoto } from '../imaging/decode-browser.ts';
import type { LongWork } from '../progress.ts';
import type { Timings } from '../verdict.ts';
import type { ByteStore } from '../weights/byte-store.ts';
import { webSource } from '../weights/web-source.ts';
import type { BackendWish } from './backend.ts';
import { browserRuntime } from './browser-runtime.ts';
import type { Encoder, EncoderInfo, Encoding } from './encoder.ts';
import type { OrtEncoder } from './ort-encoder.ts';
import { RegistryEncoder } from './registry-encoder.ts';
import { TaskQueue } from './task-queue.ts';
import { openTunedEncoder, type TunedModel } from './tuned-encoder.ts';

export interface EncoderSettings {
  /** Absolute address of the models folder, ending in a slash. */
  readonly models: string;
  /** Which encoder or ensemble; the registry's default when left out. */
  readonly encoder?: string;
  readonly backend?: BackendWish;
  /** The page's `navigator.maxTouchPoints`, which workers lack. */
  readonly touchPoints?: number;
}

type Runtime = ReturnType<typeof browserRuntime>;

export class EncoderService implements Encoder {
  readonly #openStore: () => Promise<ByteStore>;
  /** One photo at a time: sessions of one runtime must not run at once, not even different ones. */
  readonly #queue = new TaskQueue();
  #settings: EncoderSettings | null = null;
  #runtime: Runtime | null = null;
  #encoder: RegistryEncoder | null = null;
  #tuned: OrtEncoder | null = null;
  /** The photo that was decoded last: the tuned network sees the same pixels. */
  #decoded: { readonly bytes: Uint8Array; readonly bitmap: ReturnType<DecodePhoto> } | null = null;

  /** @param openStore opens what keeps downloaded models; called when the first is needed */
  constructor(openStore: () => Promise<ByteStore>) {
    this.#openStore = openStore;
  }

  /** Comes first. Other settings than before replace the encoder, and end a tuned one. */
  async configure(settings: EncoderSettings): Promise<void> {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    await this.#encoder?.dispose();
    await this.useTuned(null);
    const { encoder, backend, touchPoints } = settings;
    this.#settings = settings;
    this.#runtime = browserRuntime(touchPoints === undefined ? {} : { touchPoints });
    this.#encoder = new RegistryEncoder({
      runtime: this.#runtime,
      decode: this.#decode,
      source: () => this.#source(settings),
      id: encoder,
      ...(backend ? { wish: backend } : {}),
    });
  }

  async open(work?: LongWork): Promise<EncoderInfo> {
    const encoder = this.#configured();
    return this.#queue.run(() => encoder.open(work), work?.signal);
  }

  async encode(photo: Blob | Uint8Array, work: LongWork = {}): Promise<Encoding> {
    const encoder = this.#configured();
    return this.#queue.run(async () => {
      const bytes = await bytesOf(photo);
      try {
        const encoding = await encoder.encode(bytes, work);
        if (!this.#tuned) return encoding;
        const { embedding: tuned, timings } = await this.#tuned.encode(bytes, work);
        return { ...encoding, tuned, timings: added(encoding.timings, timings) };
      } finally {
        this.#decoded = null;
      }
    }, work.signal);
  }

  /**
   * Puts a tuned network beside the encoder; null takes it away. Tested before it takes the place of
   * another. @returns what it is, as collections name it
   * @throws CairnError `model-*`, `download-failed`, `inference-failed`, `aborted`
   */
  async useTuned(model: TunedModel | null, work: LongWork = {}): Promise<EncoderInfo | null> {
    const settings = this.#settings;
    const runtime = this.#runtime;
    return this.#queue.run(async () => {
      const old = this.#tuned;
      if (!model || !settings || !runtime) {
        this.#tuned = null;
        await old?.dispose();
        return null;
      }
      const { backend } = settings;
      const source = await this.#source(settings);
      const parts = { runtime, decode: this.#decode, ...(backend ? { wish: backend } : {}) };
      const tuned = openTunedEncoder(model, source, parts);
      const info = await tuned.open(work);
      this.#tuned = tuned;
      await old?.dispose();
      return info;
    }, work.signal);
  }

  /** By the tuned network alone. Throws as {@link encode}, `usage` where there is none. */
  async encodeTuned(photo: Blob | Uint8Array, work: LongWork = {}): Promise<Encoding> {
    return this.#queue.run(async () => {
      if (!this.#tuned) {
        throw new CairnError('usage', 'There is no tuned network.', 'Call useTuned first.');
      }
      try {
        return await this.#tuned.encode(await bytesOf(photo), work);
      } finally {
        this.#decoded = null;
      }
    }, work.signal);
  }

  readonly #decode: DecodePhoto = (bytes, work) => {
    if (this.#decoded?.bytes === bytes) return this.#decoded.bitmap;
    const bitmap = decodePhoto(bytes, work);
    this.#decoded = { bytes, bitmap };
    return bitmap;
  };

  async #source({ models }: EncoderSettings) {
    return webSource(models, await this.#openStore());
  }

  #configured(): RegistryEncoder {
    if (this.#encoder) return this.#encoder;
    throw new CairnError(
      'usage',
      'The encoder does not know where its models are.',
      'Call configure first.',
    );
  }
}

async function bytesOf(photo: Blob | Uint8Array): Promise<Uint8Array> {
  return photo instanceof Blob ? new Uint8Array(await photo.arrayBuffer()) : photo;
}

/** Milliseconds of the same stages together; the photo was decoded once. */
function added(first: Timings, second: Timings): Timings {
  const sum = (stage: string) => (first[stage] ?? 0) + (second[stage] ?? 0);
  return { ...first, resize: sum('resize'), encode: sum('encode') };
}
