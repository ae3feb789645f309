// What was computed, such as features of pictures, by names such as the pictures' ids, within a limit of memory.

/** Those used last are at the end; the oldest leave when room is needed. */
export class FeatureCache<F extends { readonly bytes: number }> {
  readonly #most: number;
  readonly #features = new Map<string, F>();
  #bytes = 0;

  /** @param most in bytes */
  constructor(most: number) {
    this.#most = most;
  }

  get(id: string): F | undefined {
    const found = this.#features.get(id);
    if (!found) return undefined;
    this.#features.delete(id);
    this.#features.set(id, found);
    return found;
  }

  put(id: string, features: F): void {
    this.forget(id);
    // What cannot be kept drives nothing out.
    if (features.bytes > this.#most) return;
    this.#features.set(id, features);
    this.#bytes += features.bytes;
    for (const oldest of this.#features.keys()) {
      if (this.#bytes <= this.#most) return;
      this.forget(oldest);
    }
  }

  /** One, or all. */
  forget(id?: string): void {
    if (id === undefined) {
      this.#features.clear();
      this.#bytes = 0;
      return;
    }
    const found = this.#features.get(id);
    if (!found) return;
    this.#features.delete(id);
    this.#bytes -= found.bytes;
  }
}
