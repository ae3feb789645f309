// Vectors already computed, kept between runs: a file for each encoder, keyed by photoKey, so that an
// interrupted run goes on where it stopped and processes at work at once share what they compute.
import { join } from 'node:path';
import { RecordFile } from './record-file.ts';

export class VectorCache {
  private constructor(
    readonly records: RecordFile,
    readonly dim: number,
  ) {}

  /**
   * Call {@link close} when done. Throws `storage-full`, `storage-failed`.
   * @param name what the vectors depend on besides the photo: encoder, weights, output
   */
  static async open(folder: string, name: string, dim: number): Promise<VectorCache> {
    return new VectorCache(await RecordFile.open(join(folder, `${name}.records`)), dim);
  }

  /** [dim]; read from the file each time. */
  async get(key: string): Promise<Float32Array | undefined> {
    const bytes = await this.records.get(key);
    if (bytes?.length !== this.dim * 4) return undefined;
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Float32Array.from({ length: this.dim }, (_, d) => data.getFloat32(d * 4, true));
  }

  /** @param vector [dim]. Throws `storage-full`, `storage-failed`. */
  async put(key: string, vector: Float32Array): Promise<void> {
    const bytes = Buffer.alloc(this.dim * 4);
    vector.forEach((x, d) => {
      bytes.writeFloatLE(x, d * 4);
    });
    await this.records.put(key, bytes);
  }

  close(): Promise<void> {
    return this.records.close();
  }
}
