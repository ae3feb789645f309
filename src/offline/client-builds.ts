// Which build each open page was loaded from, so that it and its workers go on with the files of that build.
import type { ShellCacheParts } from './shell-cache.ts';
import { clientCacheName } from './shell-list.ts';

interface Note {
  readonly build: string;
  /** The page that a worker belongs to; a page itself. */
  readonly page: string;
  /** ms since the epoch. */
  readonly at: number;
}

/** A page is not listed among the open ones before its answer has arrived. */
const ARRIVAL_MS = 10_000;

/** Kept in a cache: browsers end a worker whenever it is idle. */
export class ClientBuilds {
  readonly #parts: ShellCacheParts;
  readonly #known = new Map<string, Note>();

  constructor(parts: ShellCacheParts) {
    this.#parts = parts;
  }

  /**
   * Where there is no room for the note it lasts as long as the worker: a page must open all the same.
   * @param starter for a worker, the page or worker that has started it
   */
  async note(client: string, build: string, starter = client): Promise<void> {
    const page = (starter === client ? null : await this.#find(starter))?.page ?? starter;
    const note: Note = { build, page, at: Date.now() };
    this.#known.set(client, note);
    try {
      await (await this.#open()).put(this.#address(client), Response.json(note));
    } catch {
      // Later the page's files are those of this worker's build, or found by the hashes in their names.
    }
  }

  /** Null for a page that came from the network. */
  async of(client: string): Promise<string | null> {
    return (await this.#find(client))?.build ?? null;
  }

  async #find(client: string): Promise<Note | null> {
    const known = this.#known.get(client);
    if (known) return known;
    const kept = await (await this.#open()).match(this.#address(client));
    if (!kept) return null;
    const note = (await kept.json()) as Note;
    this.#known.set(client, note);
    return note;
  }

  /** Forgets pages that are gone, and their workers. @returns builds that open pages still need */
  async tidy(openPages: ReadonlySet<string>, now = Date.now()): Promise<Set<string>> {
    const cache = await this.#open();
    const needed = new Set<string>();
    for (const request of await cache.keys()) {
      const client = decodeURIComponent(request.url.slice(this.#address('').length));
      const kept = await cache.match(request);
      if (!kept) continue;
      // An older worker's notes name no page; most are of pages themselves.
      const {
        build,
        page = client,
        at,
      } = (await kept.json()) as Omit<Note, 'page'> & Partial<Note>;
      if (openPages.has(page) || now - at < ARRIVAL_MS) needed.add(build);
      else {
        this.#known.delete(client);
        await cache.delete(request);
      }
    }
    return needed;
  }

  #open(): Promise<Cache> {
    return this.#parts.caches.open(clientCacheName(this.#parts.scope));
  }

  #address(client: string): string {
    return `${this.#parts.scope}.cairn/client/${encodeURIComponent(client)}`;
  }
}
