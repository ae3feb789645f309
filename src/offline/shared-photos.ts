// Photos that another app shares: the worker keeps them under a one-time key, the page takes them away.
import { randomId } from '../random.ts';
import { addressOf, sharedCacheName } from './shell-list.ts';

/** As `share_target` of the manifest names it. */
export const SHARE_PATH = 'share-target';
/** Name of the files in the form, there too. */
export const SHARE_FIELD = 'photos';
/** In the query of the place Recognize. */
export const SHARED_QUERY = 'shared';
const NAME = 'X-Cairn-Name';

interface Place {
  readonly caches: CacheStorage;
  /** Address of the root of the site, ending in a slash. */
  readonly scope: string;
}

/** Keeps the files of a form. @returns where to send the browser: the page, with the key */
export async function keepShared({ caches, scope }: Place, form: FormData): Promise<string> {
  // What was shared before and never looked at is let go.
  await caches.delete(sharedCacheName(scope));
  const cache = await caches.open(sharedCacheName(scope));
  const key = randomId();
  const files = form.getAll(SHARE_FIELD).filter((entry) => entry instanceof File);
  for (const [at, file] of files.entries()) {
    const headers = { 'Content-Type': file.type, [NAME]: encodeURIComponent(file.name) };
    await cache.put(
      addressOf(`.cairn/shared/${key}/${at}`, scope),
      new Response(file, { headers }),
    );
  }
  return new URL(`./#/?${new URLSearchParams({ [SHARED_QUERY]: key })}`, scope).href;
}

/** Takes what is kept under a key, in the order of the form; nothing where it was taken before. */
export async function takeShared({ caches, scope }: Place, key: string): Promise<File[]> {
  if (!(await caches.has(sharedCacheName(scope)))) return [];
  const cache = await caches.open(sharedCacheName(scope));
  const files: File[] = [];
  for (let at = 0; ; at++) {
    const address = addressOf(`.cairn/shared/${key}/${at}`, scope);
    const kept = await cache.match(address);
    if (!kept) break;
    const blob = await kept.blob();
    const name = decodeURIComponent(kept.headers.get(NAME) ?? '');
    files.push(new File([blob], name, { type: blob.type }));
    await cache.delete(address);
  }
  return files;
}
