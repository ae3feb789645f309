// Use offline: which files belong to a build, and that no build is served by halves or mixed with another.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listShell } from '../../scripts/shell-worker.ts';
import { ClientBuilds } from '../../src/offline/client-builds.ts';
import { isolated } from '../../src/offline/isolated.ts';
import { keepShared, SHARE_FIELD, takeShared } from '../../src/offline/shared-photos.ts';
import { completeness, fillShell, keptFile, shellCaches } from '../../src/offline/shell-cache.ts';
import {
  addressOf,
  isForGpu,
  isShellFile,
  neededFiles,
  pathInScope,
  type ShellList,
} from '../../src/offline/shell-list.ts';
import { MemoryCaches } from './memory-caches.ts';

const SCOPE = 'https://host.example/some/where/';

const listOf = (build: string, contents: Readonly<Record<string, string>>): ShellList => ({
  build,
  policy: "default-src 'none'",
  files: Object.entries(contents).map(([path, text]) => ({
    path,
    integrity: `sha256-${text}`,
    bytes: text.length,
    ...(isForGpu(path) ? { gpu: true as const } : {}),
  })),
});

/** A host that has these files, and counts what is asked of it. */
function host(contents: Readonly<Record<string, string>>) {
  const caches = new MemoryCaches();
  const asked: string[] = [];
  const fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
    const path = pathInScope(String(input), SCOPE) ?? '';
    asked.push(path);
    const text = contents[path];
    if (text === undefined) return new Response('', { status: 404 });
    if (init?.integrity !== `sha256-${text}`) throw new TypeError('integrity');
    return new Response(text);
  };
  return { asked, parts: { caches, fetch: fetch as typeof globalThis.fetch, scope: SCOPE } };
}

describe('paths', () => {
  it.each([
    ['', 'index.html'],
    ['?source=home#/teach', 'index.html'],
    ['assets/a%20b.js?x', 'assets/a b.js'],
    ['../elsewhere.js', null],
    ['https://other.example/some/where/a.js', null],
    ['bad%zz', null],
  ])('%s is %s', (url, path) => {
    expect(pathInScope(new URL(url, SCOPE).href, SCOPE)).toBe(path);
  });

  it('and addresses are inverse', () => {
    for (const path of ['index.html', 'assets/a b.js', 'assets/50%.js', 'a?b/c#d']) {
      expect(pathInScope(addressOf(path, SCOPE), SCOPE)).toBe(path);
    }
  });

  it('belong to the shell unless the page keeps them itself', () => {
    const out = [
      'models/x.safetensors',
      'collections/default/collection.json',
      'sw.js',
      'a.js.map',
    ];
    expect(out.filter(isShellFile)).toEqual([]);
    expect(['index.html', 'models/registry.json', 'icons/icon.svg'].every(isShellFile)).toBe(true);
  });
});

describe('the list of a built site', () => {
  let site: string;
  beforeEach(async () => {
    site = await mkdtemp(join(tmpdir(), 'cairn-shell-'));
    await mkdir(join(site, 'assets'));
    await mkdir(join(site, 'models'));
    await writeFile(join(site, 'index.html'), 'page');
    await writeFile(join(site, 'assets/ort-wasm-simd.asyncify-abc.wasm'), 'gpu');
    await writeFile(join(site, 'models/registry.json'), '{}');
    await writeFile(join(site, 'models/large.bin'), 'weights');
  });
  afterEach(() => rm(site, { recursive: true }));

  it('names the shell with its hashes, and changes with any of it', async () => {
    const list = await listShell(site);
    expect(list.files.map(({ path }) => path)).toEqual([
      'assets/ort-wasm-simd.asyncify-abc.wasm',
      'index.html',
      'models/registry.json',
    ]);
    // printf page | openssl dgst -sha256 -binary | base64
    const page = list.files.find(({ path }) => path === 'index.html');
    expect(page).toEqual({
      path: 'index.html',
      integrity: 'sha256-NmAxWprz3yVdjxmrB35Hl4IrQUiKDioEvGr3EhPCMnQ=',
      bytes: 4,
    });
    expect(neededFiles(list, false).map(({ path }) => path)).not.toContain(list.files[0]?.path);
    expect(neededFiles(list, true)).toHaveLength(3);

    await writeFile(join(site, 'models/large.bin'), 'other weights');
    expect((await listShell(site)).build).toBe(list.build);
    await writeFile(join(site, 'models/registry.json'), '{ }');
    expect((await listShell(site)).build).not.toBe(list.build);
  });
});

describe('a build in its cache', () => {
  const gpu = 'assets/ort-wasm.asyncify-1.wasm';
  const one = { 'index.html': 'page 1', 'assets/a-1.js': 'a', [gpu]: 'gpu' };

  it('is whole once every file is there, without what only WebGPU needs', async () => {
    const { parts, asked } = host(one);
    const list = listOf('1', one);
    expect(await completeness(parts, '1')).toBeNull();
    expect(await fillShell(parts, list, false)).toBe(true);
    expect(await completeness(parts, '1')).toEqual({ gpu: false });
    expect(asked).not.toContain(gpu);
    const page = await keptFile(parts, '1', 'index.html');
    expect(page?.headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp');
    expect(await page?.text()).toBe('page 1');
    expect(await fillShell(parts, list, false)).toBe(false);
    // Another visit, on WebGPU: only what is missing comes.
    asked.length = 0;
    expect(await fillShell(parts, list, true)).toBe(true);
    expect(asked).toEqual([gpu]);
  });

  it('copies what an older one has with the same content', async () => {
    const two = { ...one, 'index.html': 'page 2' };
    const { parts } = host(one);
    await fillShell(parts, listOf('1', one), true);
    const newer = host(two);
    const shared = { ...newer.parts, caches: parts.caches };
    await fillShell(shared, listOf('2', two), true);
    expect(newer.asked).toEqual(['index.html']);
    expect(await (await keptFile(shared, '1', 'index.html'))?.text()).toBe('page 1');
    expect(await (await keptFile(shared, '2', 'index.html'))?.text()).toBe('page 2');
  });

  it.each([
    ['is missing', {}],
    ['is of another build', { 'assets/b-2.js': 'not b' }],
  ])('is not whole where a file %s', async (_, there) => {
    const wanted = { 'index.html': 'page 2', 'assets/b-2.js': 'b' };
    const { parts } = host({ 'index.html': 'page 2', ...there });
    await expect(fillShell(parts, listOf('2', wanted), false)).rejects.toThrow();
    expect(await completeness(parts, '2')).toBeNull();
    // Another try goes on with what came.
    const mended = host(wanted);
    await fillShell({ ...mended.parts, caches: parts.caches }, listOf('2', wanted), false);
    expect(mended.asked).toEqual(['assets/b-2.js']);
  });

  it('is apart from those of another site of the same origin', async () => {
    const { parts } = host(one);
    await fillShell(parts, listOf('1', one), false);
    const beside = { ...parts, scope: 'https://host.example/some/' };
    expect(await shellCaches(parts)).toHaveLength(1);
    expect(await shellCaches(beside)).toEqual([]);
  });
});

describe('the build of each open page', () => {
  it('is remembered beyond the life of a worker, until the page is gone', async () => {
    const { parts } = host({});
    const before = new ClientBuilds(parts);
    await before.note('page a', '1');
    await before.note('page b', '2');
    const after = new ClientBuilds(parts);
    expect(await after.of('page a')).toBe('1');
    expect(await after.of('page c')).toBeNull();
    // Just noted: they may be still arriving.
    expect(await after.tidy(new Set())).toEqual(new Set(['1', '2']));
    const later = Date.now() + 11_000;
    expect(await after.tidy(new Set(['page b']), later)).toEqual(new Set(['2']));
    expect(await after.of('page a')).toBeNull();
    expect(await after.of('page b')).toBe('2');
  });

  it('outlives a note that an older worker made', async () => {
    const { parts } = host({});
    await new ClientBuilds(parts).note('page', '1');
    const [name] = await parts.caches.keys();
    const cache = await parts.caches.open(name ?? '');
    const [request] = await cache.keys();
    await cache.put(request!, Response.json({ build: '1', at: 0 })); // the note above
    expect(await new ClientBuilds(parts).tidy(new Set(['page']))).toEqual(new Set(['1']));
    expect(await new ClientBuilds(parts).tidy(new Set())).toEqual(new Set());
  });

  it('is that of its workers, and of theirs, for as long as it is open', async () => {
    const { parts } = host({});
    const before = new ClientBuilds(parts);
    await before.note('page', '1');
    await before.note('worker', '1', 'page');
    const after = new ClientBuilds(parts);
    await after.note('thread', '1', 'worker');
    const later = Date.now() + 11_000;
    expect(await after.tidy(new Set(['page']), later)).toEqual(new Set(['1']));
    for (const client of ['page', 'worker', 'thread']) expect(await after.of(client)).toBe('1');
    expect(await after.tidy(new Set(), later)).toEqual(new Set());
    for (const client of ['page', 'worker', 'thread']) expect(await after.of(client)).toBeNull();
  });
});

describe('shared photos', () => {
  it('are given once, in their order', async () => {
    const place = { caches: new MemoryCaches(), scope: SCOPE };
    const form = new FormData();
    form.append('title', 'holiday');
    form.append(SHARE_FIELD, new File(['one'], 'Brücke 1.jpg', { type: 'image/jpeg' }));
    form.append(SHARE_FIELD, new File(['two'], '2.png', { type: 'image/png' }));
    const address = new URL(await keepShared(place, form));
    expect(address.href.startsWith(`${SCOPE}#/?shared=`)).toBe(true);
    const key = address.hash.split('=')[1] ?? '';
    expect(await takeShared(place, 'guess')).toEqual([]);
    const [first, second, ...more] = await takeShared(place, key);
    expect(more).toEqual([]);
    expect([first?.name, first?.type, await first?.text()]).toEqual([
      'Brücke 1.jpg',
      'image/jpeg',
      'one',
    ]);
    expect(second?.name).toBe('2.png');
    expect(await takeShared(place, key)).toEqual([]);
  });
});

describe('isolation', () => {
  it('is added to an answer that keeps everything else', async () => {
    const given = new Response('x', {
      status: 203,
      headers: { 'Content-Type': 'text/css', 'Content-Encoding': 'gzip', 'Content-Length': '9' },
    });
    const answer = isolated(given, { 'X-More': 'y' });
    expect(answer.status).toBe(203);
    expect(Object.fromEntries(answer.headers)).toEqual({
      'content-type': 'text/css',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'x-more': 'y',
    });
    expect(isolated(new Response(null, { status: 204 })).body).toBeNull();
    const broken = Response.error();
    expect(isolated(broken)).toBe(broken);
  });
});
