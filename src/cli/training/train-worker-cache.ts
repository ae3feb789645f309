// Decoded photos in memory, the longest unused given up first.
import type { PreparedPhoto } from '../../training/augment/augment.ts';

/** Least recently used, limited in bytes of pixels. A photo over the whole limit is not kept. */
export class PhotoCache {
  readonly #limit: number;
  /** From the longest unused to the latest used. */
  readonly #photos = new Map<string, PreparedPhoto>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): PreparedPhoto | undefined {
    const photo = this.#photos.get(key);
    if (photo) {
      this.#photos.delete(key);
      this.#photos.set(key, photo);
    }
    return photo;
  }

  put(key: string, photo: PreparedPhoto): void {
    const size = photo.pixels.data.byteLength;
    if (size > this.#limit) return;
    this.#drop(key);
    this.#photos.set(key, photo);
    this.#bytes += size;
    for (const oldest of this.#photos.keys()) {
      if (this.#bytes <= this.#limit) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#photos.get(key)?.pixels.data.byteLength ?? 0;
    this.#photos.delete(key);
  }
}
