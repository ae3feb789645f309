// What the service worker does: keeps a build, answers from it, and never mixes two (docs/offline.md).
//
// Not Workbox: its precache deletes an older build's files as soon as a newer worker takes over, also under
// pages that still run on them, keeps no record of which page has which build, and cannot put off the heavy
// files of a first visit until the page is up. What would be left of it is less than what it would bring.
import { ClientBuilds } from './client-builds.ts';
import { isolated } from './isolated.ts';
import type { FillReply } from './messages.ts';
import { keepShared, SHARE_PATH } from './shared-photos.ts';
import {
  completeness,
  fetchLater,
  fillShell,
  keptFile,
  type ShellCacheParts,
  shellCaches,
} from './shell-cache.ts';
import {
  INDEX_FILE,
  isHashed,
  isShellFile,
  neededFiles,
  pathInScope,
  type ShellList,
  shellCacheName,
  shellPrefix,
  totalBytes,
} from './shell-list.ts';
import type { FetchEventLike, WorkerScope } from './worker-scope.ts';

/** Its name; several policies in one header hold together. */
const POLICY = 'Content-Security-Policy';

/**
 * Pages are claimed at once. Firefox answers only after every worker of theirs has had a free moment, and threads of a
 * WASM runtime sleep until there is something to compute.
 */
const CLAIM_MS = 500;

export class ShellWorker {
  readonly #scope: WorkerScope;
  readonly #list: ShellList;
  readonly #parts: ShellCacheParts;
  readonly #clients: ClientBuilds;
  readonly #paths: ReadonlySet<string>;
  /** Never turns false again while this worker runs; true is not known after it was ended. */
  #complete = false;
  #filling: Promise<unknown> = Promise.resolve();

  constructor(scope: WorkerScope, list: ShellList) {
    this.#scope = scope;
    this.#list = list;
    this.#parts = {
      caches: scope.caches,
      fetch: (...given) => scope.fetch(...given),
      scope: scope.registration.scope,
    };
    this.#clients = new ClientBuilds(this.#parts);
    this.#paths = new Set(list.files.map(({ path }) => path));
  }

  /**
   * With an older build there, a new one must be whole before it counts as installed. Without, there is nothing
   * to guard: the worker is at work at once, for isolation's sake, and the page asks it to fill itself later.
   */
  async install(): Promise<void> {
    const older = await this.#completeBuilds();
    if (older.length === 0) return this.#scope.skipWaiting();
    await fillShell(
      this.#parts,
      this.#list,
      older.some(({ gpu }) => gpu),
    );
  }

  /** Until it ends, whatever pages and workers ask for waits. */
  async activate(): Promise<void> {
    const claimed = this.#scope.clients.claim();
    await Promise.race([claimed, new Promise((resolve) => setTimeout(resolve, CLAIM_MS))]);
    await this.tidy();
  }

  /** Fills one after the other: two pages may ask at a time. */
  fill(gpu: boolean): Promise<FillReply> {
    const filled = this.#filling.then(() => this.#fill(gpu));
    this.#filling = filled;
    return filled;
  }

  async #fill(gpu: boolean): Promise<FillReply> {
    const bytes = totalBytes(neededFiles(this.#list, gpu));
    try {
      const whole = await completeness(this.#parts, this.#list.build);
      if (!whole && !(await this.#hasRoom(bytes))) return { type: 'no-room', bytes };
      const fresh = await fillShell(this.#parts, this.#list, gpu);
      return { type: 'kept', build: this.#list.build, bytes, fresh };
    } catch (thrown) {
      if (isQuota(thrown)) {
        // What has come is of no use before all is there, and takes room that what the user keeps needs more.
        const whole = await completeness(this.#parts, this.#list.build).catch(() => null);
        if (!whole)
          await this.#scope.caches.delete(shellCacheName(this.#parts.scope, this.#list.build));
        return { type: 'no-room', bytes };
      }
      return { type: 'failed', why: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }

  /** Models and collections go before the shell: it is not to take the last room. */
  async #hasRoom(bytes: number): Promise<boolean> {
    const estimate = await this.#scope.navigator.storage?.estimate?.().catch(() => null);
    if (estimate?.quota === undefined || estimate.usage === undefined) return true;
    return estimate.quota - estimate.usage > 2 * bytes;
  }

  /** Null for a request that is none of the worker's business. */
  answer(event: FetchEventLike): Promise<Response> | null {
    const { request } = event;
    // DevTools asks so for what it shows; such a request cannot be fetched again.
    if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return null;
    const path = pathInScope(request.url, this.#parts.scope);
    if (path === null) return null;
    if (path === SHARE_PATH && request.method === 'POST') return this.#takeShare(request);
    // Models and collections: the page keeps them, and downloads of theirs must not end with a worker.
    if (request.method !== 'GET' || !isShellFile(path)) return null;
    const kept =
      request.mode === 'navigate' ? this.#navigate(event, path) : this.#asset(event, path);
    // Storage that fails must not keep anybody from the page: the network is asked as if there were no worker.
    return kept
      .catch(() => undefined)
      .then(async (response) => this.#guarded(response ?? (await this.#scope.fetch(request))));
  }

  /** With the headers of the site; what the host demands beyond them holds as well. */
  #guarded(response: Response): Response {
    const host = response.headers.get(POLICY);
    const own = this.#list.policy;
    return isolated(response, { [POLICY]: host === null ? own : `${host}, ${own}` });
  }

  /** Undefined for what is not kept. */
  async #navigate(event: FetchEventLike, path: string): Promise<Response | undefined> {
    const page = path.endsWith('/') ? path + INDEX_FILE : path;
    const kept = this.#paths.has(page) ? await this.#ownFile(page) : undefined;
    if (!kept) return undefined;
    const { build } = this.#list;
    // Noted before the page can ask for anything.
    if (event.resultingClientId) await this.#clients.note(event.resultingClientId, build);
    event.waitUntil(this.tidy().catch(() => undefined)); // what is left goes next time
    return kept;
  }

  /** Undefined for what is not kept. */
  async #asset(event: FetchEventLike, path: string): Promise<Response | undefined> {
    const build = event.clientId ? await this.#clients.of(event.clientId) : null;
    if (build !== null && event.resultingClientId) {
      // A worker of the page, which asks for files by itself.
      await this.#clients.note(event.resultingClientId, build, event.clientId);
    }
    return (
      (build === null ? undefined : await keptFile(this.#parts, build, path)) ??
      (await this.#ownFile(path)) ??
      (isHashed(path) ? await this.#anyFile(path) : undefined) ??
      (await this.#laterFile(path))
    );
  }

  /** Undefined for what is not kept from its first use on. Throws where it cannot be had. */
  async #laterFile(path: string): Promise<Response | undefined> {
    const file = this.#list.files.find((one) => one.later && one.path === path);
    // #ownFile has looked whether the build is whole.
    return file && this.#complete ? fetchLater(this.#parts, this.#list.build, file) : undefined;
  }

  /** Nothing of a build is served before all of it is there: its files fit each other only. */
  async #ownFile(path: string): Promise<Response | undefined> {
    const { build } = this.#list;
    this.#complete ||= (await completeness(this.#parts, build)) !== null;
    return this.#complete ? keptFile(this.#parts, build, path) : undefined;
  }

  /** For pages of which no build is known. Its hash makes a name's content the same in every build. */
  async #anyFile(path: string): Promise<Response | undefined> {
    for (const { build } of await this.#completeBuilds()) {
      const kept = await keptFile(this.#parts, build, path);
      if (kept) return kept;
    }
    return undefined;
  }

  async #takeShare(request: Request): Promise<Response> {
    return Response.redirect(await keepShared(this.#parts, await request.formData()), 303);
  }

  /** Lets go of builds that no open page runs on. */
  async tidy(): Promise<void> {
    const { clients, caches, registration } = this.#scope;
    // In this order: a build that is on its way has a worker before it has a cache.
    const names = await shellCaches(this.#parts);
    if (registration.installing || registration.waiting) return;
    // Workers are not asked for: Firefox would wait for them as when it claims.
    const open = await clients.matchAll({ type: 'window', includeUncontrolled: true });
    const needed = await this.#clients.tidy(new Set(open.map(({ id }) => id)));
    for (const name of names) {
      const build = name.slice(shellPrefix(this.#parts.scope).length);
      if (build !== this.#list.build && !needed.has(build)) await caches.delete(name);
    }
  }

  async #completeBuilds(): Promise<{ build: string; gpu: boolean }[]> {
    const found: { build: string; gpu: boolean }[] = [];
    for (const name of await shellCaches(this.#parts)) {
      const build = name.slice(shellPrefix(this.#parts.scope).length);
      const whole = await completeness(this.#parts, build);
      if (whole) found.push({ build, gpu: whole.gpu });
    }
    return found;
  }
}

function isQuota(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'QuotaExceededError';
}
