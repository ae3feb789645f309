// What was found of pairs of photos, kept between runs: matching thousands of pairs takes hours, and an
// interrupted run goes on where it stopped. One append-only file of JSON lines, `{"key", "value"}`.
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * @param matcher names all that a result depends on besides the photos: weights, longest side, constants
 * @param a `photoKey` of the first photo; the order counts
 */
export function pairKey(matcher: string, a: string, b: string): string {
  return createHash('sha256').update([matcher, a, b].join('\n')).digest('hex');
}

/** @typeParam V what JSON can hold. */
export class PairCache<V> {
  readonly #values = new Map<string, V>();
  /** The file's last line has no end yet. */
  #torn = false;

  private constructor(readonly file: string) {}

  /**
   * @param name of what is kept: values of another shape need another name. Lines that are no whole entries,
   * such as the last one of a run that was killed while it wrote, are passed over.
   */
  static async open<V>(folder: string, name: string): Promise<PairCache<V>> {
    const cache = new PairCache<V>(join(folder, `${name}.jsonl`));
    await mkdir(dirname(cache.file), { recursive: true });
    const text = await readFile(cache.file, 'utf8').catch(() => '');
    cache.#torn = text !== '' && !text.endsWith('\n');
    for (const line of text.split('\n')) {
      const entry = parseEntry<V>(line);
      if (entry) cache.#values.set(entry.key, entry.value);
    }
    return cache;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  async put(key: string, value: V): Promise<void> {
    this.#values.set(key, value);
    const line = `${JSON.stringify({ key, value })}\n`;
    await appendFile(this.file, this.#torn ? `\n${line}` : line);
    this.#torn = false;
  }

  /** What is kept, or what `compute` gives, which is kept from then on. */
  async of(key: string, compute: () => Promise<V>): Promise<V> {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = await compute();
    await this.put(key, value);
    return value;
  }
}

function parseEntry<V>(line: string): { readonly key: string; readonly value: V } | null {
  try {
    const entry = Object(JSON.parse(line)) as { key?: unknown; value?: V };
    const { key, value } = entry;
    return typeof key === 'string' && value !== undefined ? { key, value } : null;
  } catch {
    return null;
  }
}
