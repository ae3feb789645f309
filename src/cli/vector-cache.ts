// Vectors already computed, kept between runs: an append-only file for each encoder, keyed by the
// SHA-256 of the photo, so that an interrupted run goes on where it stopped.
import { appendFile, mkdir, readFile, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const KEY_BYTES = 32;

export class VectorCache {
  readonly #vectors = new Map<string, Float32Array>();

  private constructor(
    readonly file: string,
    readonly dim: number,
  ) {}

  /** @param name what the vectors depend on besides the photo: encoder, weights, output. */
  static async open(folder: string, name: string, dim: number): Promise<VectorCache> {
    const cache = new VectorCache(join(folder, `${name}.vectors`), dim);
    await mkdir(dirname(cache.file), { recursive: true });
    const bytes = await readFile(cache.file).catch(() => Buffer.alloc(0));
    const record = KEY_BYTES + dim * 4;
    const whole = bytes.length - (bytes.length % record);
    // A torn last record, left by a kill in the middle of a write, is cut off.
    if (whole < bytes.length) await truncate(cache.file, whole);
    for (let at = 0; at < whole; at += record) {
      const key = bytes.subarray(at, at + KEY_BYTES).toString('hex');
      const vector = new Float32Array(dim);
      for (let d = 0; d < dim; d += 1) vector[d] = bytes.readFloatLE(at + KEY_BYTES + d * 4);
      cache.#vectors.set(key, vector);
    }
    return cache;
  }

  get(sha256: string): Float32Array | undefined {
    return this.#vectors.get(sha256);
  }

  async put(sha256: string, vector: Float32Array): Promise<void> {
    this.#vectors.set(sha256, vector);
    const record = Buffer.alloc(KEY_BYTES + this.dim * 4);
    record.write(sha256, 'hex');
    vector.forEach((x, d) => {
      record.writeFloatLE(x, KEY_BYTES + d * 4);
    });
    await appendFile(this.file, record);
  }
}
