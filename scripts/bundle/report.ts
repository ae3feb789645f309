// What a visit fetches of the built page's scripts, compressed, by when it is fetched; and what that may be.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { closure, linksOf, scriptsOfPage } from './graph.ts';

export interface ScriptSize {
  readonly path: string;
  readonly bytes: number;
  readonly gzip: number;
}

export interface BundlePart {
  readonly part: string;
  /** Most bytes after gzip; null where none is set. */
  readonly budget: number | null;
  readonly gzip: number;
  readonly scripts: readonly ScriptSize[];
}

/**
 * Before models: the page, and the workers that take photos in and search. onnxruntime's two builds never come
 * together; the larger one counts. What a user has to wait for is the sum.
 */
export const FIRST_LOAD = 250_000;
/** The page alone: until it can be read and given photos. */
const PAGE = 150_000;

/** Workers that the page starts at once, by the names of their files. */
const AT_ONCE = ['encoder', 'index'];

/** Of onnxruntime: what the encoder's worker fetches on each backend. */
const RUNTIMES = {
  wasm: [/\/ort\.wasm\.min-/, /\/ort-wasm-simd-threaded-[^/]*\.mjs$/],
  webgpu: [/\/ort\.webgpu\.min-/, /\/ort-wasm-simd-threaded\.asyncify-[^/]*\.mjs$/],
} as const;

/** The texts of a language, of which one comes with the page. */
const LANGUAGES = [/\/en-[\w-]+\.js$/, /\/zh-[\w-]+\.js$/];

/** @param site folder of the built page */
export async function bundleReport(site: string): Promise<BundlePart[]> {
  const scripts = await readScripts(site);
  const links = await linksOf(scripts);
  const entry = closure(links, scriptsOfPage(await readFile(join(site, 'index.html'), 'utf8')));
  const sizes = new Map([...scripts].map(([path, text]) => [path, sizeOf(path, text)]));
  const sum = (paths: Iterable<string>) =>
    [...paths].reduce((total, path) => total + (sizes.get(path)?.gzip ?? 0), 0);
  const asked = [...entry].flatMap((path) => links.get(path)?.lazy ?? []);
  const languages = LANGUAGES.map((pattern) =>
    asked.filter((path) => pattern.test(path)).slice(0, 1),
  );
  const page = new Set([...entry, ...closure(links, largest(languages, sum))]);
  const workers = new Map(
    [...page]
      .flatMap((path) => links.get(path)?.workers ?? [])
      // Hashes are eight letters of base64url, and may have a hyphen, too.
      .map((path) => [/([^/]+?)-(?:[\w-]{8}|[^-]+)\.js$/.exec(path)?.[1] ?? path, path]),
  );
  const missing = AT_ONCE.filter((name) => !workers.has(name));
  if (missing.length > 0) throw new Error(`The page starts no worker ${missing.join(', ')}.`);
  const started = closure(
    links,
    AT_ONCE.flatMap((name) => workers.get(name) ?? []),
  );
  const runtimes = Object.values(RUNTIMES).map((patterns) =>
    // Several workers have a copy each; the encoder's is the one that its script asks for.
    patterns.flatMap((pattern) => {
      const asked = [...started].flatMap((path) => links.get(path)?.lazy ?? []);
      const path = [...asked, ...scripts.keys()].find((one) => pattern.test(one));
      return path === undefined ? [] : [path];
    }),
  );
  const first = new Set([...page, ...started, ...largest(runtimes, sum)]);
  const part = (name: string, paths: Iterable<string>, budget: number | null): BundlePart => ({
    part: name,
    budget,
    gzip: sum(paths),
    scripts: [...paths]
      .map((path) => sizes.get(path))
      .filter((size) => size !== undefined)
      .sort((a, b) => b.gzip - a.gzip),
  });
  return [
    part('page', page, PAGE),
    part('first load', first, FIRST_LOAD),
    part(
      'later',
      [...scripts.keys()].filter((path) => !first.has(path)),
      null,
    ),
  ];
}

/** Of lists of which one is fetched, the one that costs most. */
function largest(
  lists: readonly (readonly string[])[],
  sum: (paths: Iterable<string>) => number,
): readonly string[] {
  return lists.reduce((most, list) => (sum(list) > sum(most) ? list : most), []);
}

export const overBudget = ({ budget, gzip }: BundlePart): boolean =>
  budget !== null && gzip > budget;

async function readScripts(site: string): Promise<Map<string, string>> {
  const entries = await readdir(site, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.m?js$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      files.map(
        async (file) =>
          [relative(site, file).split(sep).join('/'), await readFile(file, 'utf8')] as const,
      ),
    ),
  );
}

function sizeOf(path: string, text: string): ScriptSize {
  return { path, bytes: Buffer.byteLength(text), gzip: gzipSync(text, { level: 9 }).length };
}
