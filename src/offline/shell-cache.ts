// The files of one build in a cache of its own: filled, verified by hash, and read only once all are there.
import { isolated } from './isolated.ts';
import {
  addressOf,
  isHashed,
  neededFiles,
  type ShellFile,
  type ShellList,
  shellCacheName,
  shellPrefix,
} from './shell-list.ts';

/** Says that a cache is whole; no file of a site has such a path. */
const COMPLETE = '.cairn/complete';
/** Header of kept answers: the hash of the content, so that the next build can take it over. */
const INTEGRITY = 'X-Cairn-Integrity';
/** Downloads at a time. */
const LANES = 4;

interface Complete {
  /** Whether what WebGPU needs was kept, too. */
  readonly gpu: boolean;
}

export interface ShellCacheParts {
  readonly caches: CacheStorage;
  readonly fetch: typeof fetch;
  /** Address of the root of the site, ending in a slash. */
  readonly scope: string;
}

/** Names of the caches of all builds of the site, whole or not. */
export async function shellCaches({ caches, scope }: ShellCacheParts): Promise<string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(shellPrefix(scope)));
}

/** Null while something of the build is missing, or where there is no such cache. */
export async function completeness(
  { caches, scope }: ShellCacheParts,
  build: string,
): Promise<Complete | null> {
  const name = shellCacheName(scope, build);
  if (!(await caches.has(name))) return null;
  const mark = await (await caches.open(name)).match(addressOf(COMPLETE, scope));
  return mark ? ((await mark.json()) as Complete) : null;
}

/** A file as a build has it. Undefined where the build, or the file, is not kept. */
export async function keptFile(
  { caches, scope }: ShellCacheParts,
  build: string,
  path: string,
): Promise<Response | undefined> {
  const cacheName = shellCacheName(scope, build);
  return caches.match(addressOf(path, scope), { cacheName });
}

/**
 * Brings every file of the build that is needed into its cache. What is there stays, what an older build has
 * with the same content is copied, the rest is downloaded and must have the listed hash. What was brought
 * before a failure stays for another try, and nothing of it is served until then.
 *
 * @returns whether something was missing
 * @throws what fetching or storing throws: nothing of an older build is changed
 */
export async function fillShell(
  parts: ShellCacheParts,
  list: ShellList,
  gpu: boolean,
): Promise<boolean> {
  const { caches, scope } = parts;
  const was = await completeness(parts, list.build);
  if (was && (was.gpu || !gpu)) return false;
  const own = shellCacheName(scope, list.build);
  const cache = await caches.open(own);
  const older = (await shellCaches(parts)).filter((name) => name !== own);
  const waiting = neededFiles(list, gpu);
  const lane = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const address = addressOf(file.path, scope);
      if (await cache.match(address)) continue;
      const response = (await copyOf(parts, older, file)) ?? (await download(parts, file));
      await cache.put(address, response);
    }
  };
  // Downloads that are under way at a failure come to their end: another try has them.
  const lanes = Array.from({ length: LANES }, () =>
    lane().catch((thrown: unknown) => {
      waiting.length = 0;
      throw thrown;
    }),
  );
  const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  // What the user has used before is there for the new build, too.
  for (const file of list.files.filter(({ later }) => later)) {
    const response = await copyOf(parts, older, file);
    if (response) await cache.put(addressOf(file.path, scope), response);
  }
  const mark: Complete = { gpu };
  await cache.put(addressOf(COMPLETE, scope), Response.json(mark));
  return true;
}

/**
 * A file that is kept from its first use on: downloaded and kept now, for a build that is whole.
 * @throws what fetching throws; a full storage keeps nobody from the file
 */
export async function fetchLater(
  parts: ShellCacheParts,
  build: string,
  file: ShellFile,
): Promise<Response> {
  const { caches, scope } = parts;
  const response = await download(parts, file);
  const cache = await caches.open(shellCacheName(scope, build));
  await cache.put(addressOf(file.path, scope), response.clone()).catch(() => undefined);
  return response;
}

async function copyOf(
  { caches, scope }: ShellCacheParts,
  older: readonly string[],
  { path, integrity }: ShellFile,
): Promise<Response | undefined> {
  for (const cacheName of older) {
    const kept = await caches.match(addressOf(path, scope), { cacheName });
    if (kept?.headers.get(INTEGRITY) === integrity) return kept;
  }
  return undefined;
}

async function download(
  { fetch, scope }: ShellCacheParts,
  { path, integrity }: ShellFile,
): Promise<Response> {
  const response = await fetch(addressOf(path, scope), {
    integrity,
    // The browser's own cache may hold an older file of that name, or the one that the page has just loaded.
    cache: isHashed(path) ? 'default' : 'no-cache',
  });
  if (response.status !== 200) throw new Error(`${path} was answered by ${response.status}`);
  const kept = isolated(response, { [INTEGRITY]: integrity });
  // A file is the same for all who ask; a host that says otherwise would keep it from being kept or found.
  kept.headers.delete('Vary');
  return kept;
}
