// The encoder on onnxruntime: opened once, self-tested, then one photo at a time.
import { throwIfAborted } from '../errors.ts';
import type { DecodePhoto, PixelGrid } from '../imaging/decode.ts';
import { toViews } from '../imaging/to-tensor.ts';
import { type LongWork, reportStep } from '../progress.ts';
import type { EncoderEntry } from '../weights/registry.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import type { BackendChoice, BackendWish } from './backend.ts';
import type { BackendReport, Encoder, EncoderInfo, Encoding, PhotoInfo } from './encoder.ts';
import { selfTest } from './golden.ts';
import { KeptOpen, type OpenOn } from './kept-open.ts';
import { type EncoderNetwork, openNetwork } from './network.ts';
import type { InferenceRuntime } from './session.ts';
import { TaskQueue } from './task-queue.ts';

export interface EncoderModel {
  readonly entry: EncoderEntry;
  /** A safetensors file. */
  readonly weights: Uint8Array;
  /** [dim], L2-normalised: the known embedding of the built-in picture. */
  readonly golden: Float32Array;
}

export interface OrtEncoderParts {
  readonly runtime: InferenceRuntime;
  /** decode-browser's or decode-node's. */
  readonly decode: DecodePhoto;
  /** Called once, by the first `open`; again after a failure, and where WebGPU is given up. */
  readonly load: (work: LongWork) => Promise<EncoderModel>;
  /** The runtime's default unless told. */
  readonly wish?: BackendWish;
}

interface Opened extends OpenOn {
  readonly info: EncoderInfo;
  readonly entry: EncoderEntry;
  readonly network: EncoderNetwork;
}

export type PixelEncoding = Pick<Encoding, 'embedding' | 'timings'> & {
  readonly backend: BackendReport;
};

export class OrtEncoder implements Encoder {
  readonly #parts: OrtEncoderParts;
  readonly #queue = new TaskQueue();
  readonly #kept: KeptOpen<EncoderModel, Opened>;

  constructor(parts: OrtEncoderParts) {
    this.#parts = parts;
    const { runtime, wish, load } = parts;
    this.#kept = new KeptOpen({
      runtime,
      wish,
      load,
      open: (choice, model, fellBack, work) => start(runtime, choice, model, work, fellBack),
    });
  }

  /** Throws `model-*`, `download-failed`, `hash-mismatch`, `backend-unavailable`, `inference-failed`. */
  async open(work: LongWork = {}): Promise<EncoderInfo> {
    return (await this.#queue.run(() => this.#kept.ensure(work), work.signal)).info;
  }

  encode(photo: Blob | Uint8Array, work: LongWork = {}): Promise<Encoding> {
    return this.#queue.run(async () => {
      await this.#kept.ensure(work);
      const { bitmap, photo: info, decode } = await readPhoto(this.#parts.decode, photo, work);
      const encoding = await this.#embed(bitmap, work);
      return { ...encoding, photo: info, timings: { decode, ...encoding.timings } };
    }, work.signal);
  }

  /** As {@link encode} for a photo that is decoded already: an ensemble decodes once for all members. */
  encodePixels(bitmap: PixelGrid, work: LongWork = {}): Promise<PixelEncoding> {
    return this.#queue.run(() => this.#embed(bitmap, work), work.signal);
  }

  /** Frees the session; a later call opens it again. */
  async dispose(): Promise<void> {
    await this.#queue.run(() => this.#kept.release());
  }

  #embed(bitmap: PixelGrid, work: LongWork): Promise<PixelEncoding> {
    return this.#kept.use((opened) => embed(opened, bitmap, work), work);
  }
}

/** Loads the network on a backend, warms it up and tests it. */
async function start(
  runtime: InferenceRuntime,
  choice: BackendChoice,
  { entry, weights, golden }: EncoderModel,
  work: LongWork,
  fellBack: boolean,
): Promise<Opened> {
  reportStep(work, 'load-model', 0);
  const tensors = readSafetensors(weights);
  const network = await openNetwork(runtime, choice, entry, tensors, 'embedding');
  try {
    throwIfAborted(work.signal);
    // The first run compiles and allocates, and its numbers are the test.
    reportStep(work, 'warm-up', 0);
    const cosine = await selfTest(network, entry.input, golden);
    reportStep(work, 'self-test', 1);
    const { id, dim } = entry;
    const backend = { ...choice, selfTest: cosine, fellBack };
    const info = { id, dim, weightsSha256: entry.weights.sha256, backend };
    return { info, on: choice, entry, network, release: () => network.release() };
  } catch (thrown) {
    await network.release();
    throw thrown;
  }
}

/** Views of the photo through the network. */
async function embed(
  { entry, network, info }: Opened,
  bitmap: PixelGrid,
  work: LongWork,
): Promise<PixelEncoding> {
  const clock = stopwatch();
  const views = toViews(bitmap, entry.input);
  const resize = clock();
  throwIfAborted(work.signal);
  reportStep(work, 'encode', 0);
  const embedding = await network.run(views);
  const encode = clock();
  reportStep(work, 'encode', 1);
  return { embedding, timings: { resize, encode }, backend: info.backend };
}

/** A photo's bytes decoded, what was seen of it, and how many milliseconds that took. */
export async function readPhoto(
  decodePhoto: DecodePhoto,
  photo: Blob | Uint8Array,
  work: LongWork,
): Promise<{ readonly bitmap: PixelGrid; readonly photo: PhotoInfo; readonly decode: number }> {
  const clock = stopwatch();
  reportStep(work, 'decode', 0);
  const bytes = photo instanceof Blob ? new Uint8Array(await photo.arrayBuffer()) : photo;
  const bitmap = await decodePhoto(bytes, work);
  const { mime, width, height } = bitmap.header;
  const info = { mime, width, height, bytes: bytes.byteLength };
  return { bitmap, photo: info, decode: clock() };
}

/** Milliseconds since it was made or last asked. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const passed = now - last;
    last = now;
    return passed;
  };
}
