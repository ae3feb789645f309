// Several encoders as one: a photo is decoded once, embedded by each in turn, and the embeddings joined.
import { CairnError, throwIfAborted } from '../errors.ts';
import type { DecodePhoto, PixelGrid } from '../imaging/decode.ts';
import { drawScene } from '../imaging/drawn.ts';
import type { LongWork, OnProgress } from '../progress.ts';
import { ensembleSha256 } from '../weights/load-registry.ts';
import type { BackendReport, Encoder, EncoderInfo, Encoding } from './encoder.ts';
import { GOLDEN_COSINE, GOLDEN_SCENE } from './golden.ts';
import { type OrtEncoder, type PixelEncoding, readPhoto } from './ort-encoder.ts';
import { TaskQueue } from './task-queue.ts';

export interface EnsembleParts {
  readonly id: string;
  readonly members: readonly { readonly encoder: OrtEncoder; readonly weight: number }[];
  readonly decode: DecodePhoto;
  /** The known embedding of the built-in picture, L2-normalised, where the ensemble has one. */
  readonly golden?: ((work: LongWork) => Promise<Float32Array>) | undefined;
}

export class EnsembleEncoder implements Encoder {
  readonly #parts: EnsembleParts;
  /** One photo at a time: sessions of one runtime must not run at once, not even different ones. */
  readonly #queue = new TaskQueue();
  #info: EncoderInfo | null = null;

  constructor(parts: EnsembleParts) {
    this.#parts = parts;
  }

  /** Opens the members one after another, each with its own self-test. Throws as a member does. */
  open(work: LongWork = {}): Promise<EncoderInfo> {
    return this.#queue.run(() => this.#ensureOpen(work), work.signal);
  }

  encode(photo: Blob | Uint8Array, work: LongWork = {}): Promise<Encoding> {
    return this.#queue.run(async () => {
      const opened = await this.#ensureOpen(work);
      const { bitmap, photo: info, decode } = await readPhoto(this.#parts.decode, photo, work);
      const { embedding, timings, backend: members } = await this.#embed(bitmap, work);
      // A member may have given WebGPU up; what the whole was tested by stays.
      const selfTest = Math.min(opened.backend.selfTest, members.selfTest);
      const backend = { ...members, selfTest };
      this.#info = { ...opened, backend };
      return { embedding, photo: info, timings: { decode, ...timings }, backend };
    }, work.signal);
  }

  /** Frees every member's session; a later call opens them again. */
  async dispose(): Promise<void> {
    await this.#queue.run(async () => {
      this.#info = null;
      for (const { encoder } of this.#parts.members) await encoder.dispose();
    });
  }

  async #ensureOpen(work: LongWork): Promise<EncoderInfo> {
    this.#info ??= await this.#open(work);
    return this.#info;
  }

  async #open(work: LongWork): Promise<EncoderInfo> {
    const infos: EncoderInfo[] = [];
    for (const [i, { encoder }] of this.#parts.members.entries()) {
      infos.push(await encoder.open(this.#memberWork(work, i)));
      throwIfAborted(work.signal);
    }
    const { id, members } = this.#parts;
    const hashes = infos.map((info, i) => ({
      sha256: info.weightsSha256,
      weight: members[i]!.weight,
    }));
    return {
      id,
      weightsSha256: ensembleSha256(hashes),
      dim: infos.reduce((sum, { dim }) => sum + dim, 0),
      backend: worstOf(
        infos.map(({ backend }) => backend),
        await this.#selfTest(work),
      ),
    };
  }

  /** Cosine to the ensemble's own known embedding; 1 without one, since every member tests itself. */
  async #selfTest(work: LongWork): Promise<number> {
    const golden = await this.#parts.golden?.(work);
    if (!golden) return 1;
    const { embedding } = await this.#embed(drawScene(GOLDEN_SCENE.seed, GOLDEN_SCENE.view), work);
    const cosine = embedding.reduce((sum, value, i) => sum + value * (golden[i] ?? Number.NaN), 0);
    if (cosine >= GOLDEN_COSINE && golden.length === embedding.length) return cosine;
    throw new CairnError(
      'inference-failed',
      `The self-test of "${this.#parts.id}" gave a cosine of ${cosine.toFixed(4)}.`,
      'Reload; if it happens again, choose another backend in the settings.',
    );
  }

  async #embed(bitmap: PixelGrid, work: LongWork): Promise<PixelEncoding> {
    const { members } = this.#parts;
    const embeddings: Float32Array[] = [];
    const backends: BackendReport[] = [];
    const timings = { resize: 0, encode: 0 };
    for (const [i, { encoder }] of members.entries()) {
      const part = await encoder.encodePixels(bitmap, this.#memberWork(work, i));
      embeddings.push(part.embedding);
      backends.push(part.backend);
      timings.resize += part.timings.resize ?? 0;
      timings.encode += part.timings.encode ?? 0;
    }
    const weights = members.map(({ weight }) => weight);
    const backend = worstOf(backends, 1);
    return { embedding: joinEmbeddings(embeddings, weights), timings, backend };
  }

  /**
   * A member's progress as a part of the whole: its steps are counted among those of all members and
   * its place is named, so that a bar that shows them never runs backwards.
   */
  #memberWork({ signal, onProgress }: LongWork, member: number): LongWork {
    if (!onProgress) return { signal };
    const { members, id } = this.#parts;
    const counted: OnProgress = (progress) => {
      const item = `${id} ${member + 1}/${members.length}`;
      if (progress.unit !== 'steps') return onProgress({ item, ...progress });
      const done = member * progress.total + progress.done;
      return onProgress({ ...progress, done, total: members.length * progress.total, item });
    };
    return { signal, onProgress: counted };
  }
}

/**
 * Embeddings L2-normalised, weighted, concatenated and L2-normalised again. The cosine of two joined
 * vectors is then the mean of the members' cosines, weighted by the squares of the weights.
 * Throws `inference-failed` for an embedding without direction.
 */
export function joinEmbeddings(
  embeddings: readonly Float32Array[],
  weights: readonly number[],
): Float32Array {
  const joined = new Float32Array(embeddings.reduce((sum, { length }) => sum + length, 0));
  const total = Math.hypot(...weights);
  let at = 0;
  for (const [i, embedding] of embeddings.entries()) {
    const norm = Math.sqrt(embedding.reduce((sum, value) => sum + value * value, 0));
    const scale = (weights[i] ?? Number.NaN) / (norm * total);
    if (!(norm > 0) || !Number.isFinite(scale)) {
      throw new CairnError(
        'inference-failed',
        `Member ${i + 1} of the ensemble gave a vector of norm ${norm}.`,
        'Reload; if it happens again, choose the backend "wasm" in the settings.',
      );
    }
    for (const value of embedding) joined[at++] = value * scale;
  }
  return joined;
}

/** Of several backends the one that explains most: a fallen one before the first. */
function worstOf(backends: readonly BackendReport[], selfTest: number): BackendReport {
  const shown = backends.find(({ fellBack }) => fellBack) ?? backends[0];
  if (!shown) throw new CairnError('model-invalid', 'An ensemble has no members.', 'Name some.');
  return { ...shown, selfTest: Math.min(selfTest, ...backends.map((b) => b.selfTest)) };
}
