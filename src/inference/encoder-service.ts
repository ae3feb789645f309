// The encoder as its worker serves it: told once where the models are, then used like any encoder.
import { CairnError } from '../errors.ts';
import { decodePhoto } from '../imaging/decode-browser.ts';
import type { LongWork } from '../progress.ts';
import type { ByteStore } from '../weights/byte-store.ts';
import { webSource } from '../weights/web-source.ts';
import type { BackendWish } from './backend.ts';
import { browserRuntime } from './browser-runtime.ts';
import type { Encoder, EncoderInfo, Encoding } from './encoder.ts';
import { RegistryEncoder } from './registry-encoder.ts';

export interface EncoderSettings {
  /** Absolute address of the models folder, ending in a slash. */
  readonly models: string;
  /** Which encoder or ensemble; the registry's default when left out. */
  readonly encoder?: string;
  readonly backend?: BackendWish;
  /** The page's `navigator.maxTouchPoints`, which workers lack. */
  readonly touchPoints?: number;
}

export class EncoderService implements Encoder {
  readonly #openStore: () => Promise<ByteStore>;
  #settings: EncoderSettings | null = null;
  #encoder: RegistryEncoder | null = null;

  /** @param openStore opens what keeps downloaded models; called when the first is needed */
  constructor(openStore: () => Promise<ByteStore>) {
    this.#openStore = openStore;
  }

  /** Comes first. Other settings than before replace the encoder. */
  async configure(settings: EncoderSettings): Promise<void> {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    await this.#encoder?.dispose();
    const { models, encoder, backend, touchPoints } = settings;
    this.#settings = settings;
    this.#encoder = new RegistryEncoder({
      runtime: browserRuntime(touchPoints === undefined ? {} : { touchPoints }),
      decode: decodePhoto,
      source: async () => webSource(models, await this.#openStore()),
      id: encoder,
      ...(backend ? { wish: backend } : {}),
    });
  }

  async open(work?: LongWork): Promise<EncoderInfo> {
    return this.#configured().open(work);
  }

  async encode(photo: Blob | Uint8Array, work?: LongWork): Promise<Encoding> {
    return this.#configured().encode(photo, work);
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
