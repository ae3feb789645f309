// The app shell of one build: which files it is, and how its worker names and finds them. Pure.

/** Name of the service worker's file, at the root of the site. */
export const WORKER_FILE = 'sw.js';

export interface ShellFile {
  /** Below the root of the site, without a leading slash. */
  readonly path: string;
  /** Of its content, as `sha256-` and base64: what fetch() takes for `integrity`. */
  readonly integrity: string;
  readonly bytes: number;
  /** Needed only where recognition runs on WebGPU. */
  readonly gpu?: true;
  /** Of use to few: kept from its first use on. */
  readonly later?: true;
}

export interface ShellList {
  /** Hash of all paths and contents: two builds that differ anywhere have two. */
  readonly build: string;
  /** Content-Security-Policy of every answer. */
  readonly policy: string;
  readonly files: readonly ShellFile[];
}

export const INDEX_FILE = 'index.html';
const REGISTRY = 'models/registry.json';
/** Kept in IndexedDB by the page itself, verified, and much larger than the rest. */
const KEPT_BY_PAGE = /^(models|collections)\//;

/** Whether a file of the build belongs to its shell. @param path below the root of the site */
export function isShellFile(path: string): boolean {
  if (path === WORKER_FILE || path.endsWith('.map')) return false;
  // The registry says which models belong to the build.
  return path === REGISTRY || !KEPT_BY_PAGE.test(path);
}

/** onnxruntime-web's WASM for WebGPU, which is of no use without: by far the largest file. */
export function isForGpu(path: string): boolean {
  return /\/ort-wasm[^/]*\.asyncify[^/]*\.wasm$/.test(path);
}

/** libheif, which only photos in HEIC need, and only where the browser does not read those itself. */
export function isForLater(path: string): boolean {
  return /\/libheif-[^/]*\.(js|wasm)$/.test(path);
}

/** What must be there before a build is served. @param gpu whether recognition runs on WebGPU */
export function neededFiles({ files }: ShellList, gpu: boolean): ShellFile[] {
  return files.filter((file) => !file.later && (gpu || !file.gpu));
}

export function totalBytes(files: readonly ShellFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Vite puts a hash of the content into these names: the same name never has another content. */
export function isHashed(path: string): boolean {
  return path.startsWith('assets/');
}

/**
 * The path of an address below the root of the site; null where it lies elsewhere.
 * @param scope address of the root, ending in a slash
 */
export function pathInScope(url: string, scope: string): string | null {
  const { origin, pathname } = new URL(url);
  const root = new URL(scope);
  if (origin !== root.origin || !pathname.startsWith(root.pathname)) return null;
  let path = pathname.slice(root.pathname.length);
  try {
    path = decodeURIComponent(path);
  } catch {
    return null; // an address that no file has
  }
  return path === '' ? INDEX_FILE : path;
}

/** Inverse of {@link pathInScope}. */
export function addressOf(path: string, scope: string): string {
  return new URL(path.split('/').map(encodeURIComponent).join('/'), scope).href;
}

/**
 * Several sites may share an origin, each under a path of its own, and with it the origin's caches: their
 * names begin with the site's scope.
 */
export const shellPrefix = (scope: string): string => `cairn-shell ${scope} `;
export const shellCacheName = (scope: string, build: string): string => shellPrefix(scope) + build;
export const clientCacheName = (scope: string): string => `cairn-clients ${scope}`;
export const sharedCacheName = (scope: string): string => `cairn-shared ${scope}`;
