// A browser's caches in memory, as far as Cairn's service worker uses them.
const addressOf = (request: RequestInfo | URL): string =>
  request instanceof Request ? request.url : String(request);

class MemoryCache implements Cache {
  readonly #answers = new Map<string, Response>();
  constructor(private readonly owner: MemoryCaches) {}
  async match(request: RequestInfo | URL): Promise<Response | undefined> {
    return this.#answers.get(addressOf(request))?.clone();
  }
  async put(request: RequestInfo | URL, response: Response): Promise<void> {
    if (this.owner.puts-- <= 0) throw new DOMException('No room.', 'QuotaExceededError');
    const { status, statusText, headers } = response;
    const body = await response.arrayBuffer();
    this.#answers.set(addressOf(request), new Response(body, { status, statusText, headers }));
  }
  async delete(request: RequestInfo | URL): Promise<boolean> {
    return this.#answers.delete(addressOf(request));
  }
  async keys(): Promise<readonly Request[]> {
    return [...this.#answers.keys()].map((url) => new Request(url));
  }
  matchAll = never;
  add = never;
  addAll = never;
}

export class MemoryCaches implements CacheStorage {
  /** How many more answers there is room for. */
  puts = Number.POSITIVE_INFINITY;
  /** Nothing can be read any more, as where a browser's storage has broken down. */
  broken = false;
  readonly #caches = new Map<string, MemoryCache>();
  async open(name: string): Promise<Cache> {
    if (this.broken) throw new DOMException('Broken.', 'UnknownError');
    const cache = this.#caches.get(name) ?? new MemoryCache(this);
    this.#caches.set(name, cache);
    return cache;
  }
  async match(
    request: RequestInfo | URL,
    options?: MultiCacheQueryOptions,
  ): Promise<Response | undefined> {
    if (this.broken) throw new DOMException('Broken.', 'UnknownError');
    return this.#caches.get(options?.cacheName ?? '')?.match(request);
  }
  has = async (name: string): Promise<boolean> => this.#caches.has(name);
  delete = async (name: string): Promise<boolean> => this.#caches.delete(name);
  keys = async (): Promise<string[]> => [...this.#caches.keys()];
}

function never(): never {
  throw new Error('Cairn does not use this.');
}
