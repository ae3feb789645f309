// What the service worker answers, and when it takes over: in Node, over a browser's caches in memory.
import { describe, expect, it } from 'vitest';
import { completeness, keptFile } from '../../src/offline/shell-cache.ts';
import type { ShellList } from '../../src/offline/shell-list.ts';
import { ShellWorker } from '../../src/offline/shell-worker.ts';
import type { FetchEventLike, WorkerScope } from '../../src/offline/worker-scope.ts';
import { MemoryCaches } from './memory-caches.ts';

const SCOPE = 'https://host.example/some/where/';
/** What Firefox gives while a thread of a page sleeps. */
const NEVER = new Promise<never>(() => undefined);

/** A build whose files say which build they are of. */
function buildOf(build: string) {
  const contents: Record<string, string> = {
    'index.html': `page ${build}`,
    'theme.js': `theme ${build}`,
    [`assets/main-${build}.js`]: `main ${build}`,
  };
  const files = Object.entries(contents).map(([path, text]) => ({
    path,
    integrity: text,
    bytes: text.length,
  }));
  return { contents, list: { build, policy: `of ${build}`, files } satisfies ShellList };
}

/** An origin with its host and open pages; workers of it come one after another. */
function origin() {
  const caches = new MemoryCaches();
  const state = {
    files: {} as Record<string, string>,
    offline: false,
    headers: {} as Record<string, string>,
    open: [] as string[],
    skipped: 0,
    claimed: Promise.resolve(),
    free: Number.POSITIVE_INFINITY,
  };
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    if (state.offline) throw new TypeError('Failed to fetch');
    const url = input instanceof Request ? input.url : String(input);
    const text = state.files[url.slice(SCOPE.length).replace(/[?#].*/, '') || 'index.html'];
    if (text === undefined) return new Response('', { status: 404 });
    if (init?.integrity !== undefined && init.integrity !== text) throw new TypeError('integrity');
    return new Response(text, { headers: state.headers });
  };
  const scope = {
    caches,
    fetch,
    registration: { scope: SCOPE, installing: null, waiting: null },
    navigator: { storage: { estimate: async () => ({ usage: 0, quota: state.free }) } },
    clients: {
      claim: () => state.claimed,
      matchAll: async ({ type }: { readonly type: string }) =>
        type === 'window' ? state.open.map((id) => ({ id })) : NEVER,
    },
    skipWaiting: async () => {
      state.skipped++;
    },
  } as unknown as WorkerScope; // what the worker uses of it
  const parts = { caches, fetch, scope: SCOPE };
  return { state, parts, caches, worker: (list: ShellList) => new ShellWorker(scope, list) };
}

interface Asked {
  readonly client?: string;
  readonly becomes?: string;
  readonly navigate?: boolean;
  readonly method?: string;
}

function ask(worker: ShellWorker, path: string, asked: Asked = {}): Promise<Response> | null {
  const { client = '', becomes = '', navigate = false, method = 'GET' } = asked;
  const request = new Request(new URL(path, SCOPE), { method });
  if (navigate) Object.defineProperty(request, 'mode', { value: 'navigate' });
  return worker.answer({
    request,
    clientId: client,
    resultingClientId: becomes,
    waitUntil: () => undefined,
  } as unknown as FetchEventLike); // the rest of an event says nothing of the answer
}

const textOf = async (answer: Promise<Response> | null) => (await answer)?.text();

async function keptAt(first: ReturnType<typeof buildOf>) {
  const site = origin();
  site.state.files = first.contents;
  const worker = site.worker(first.list);
  await worker.install();
  expect((await worker.fill(false)).type).toBe('kept');
  return { ...site, next: site.worker, worker };
}

describe('the content policy', () => {
  const POLICY = 'Content-Security-Policy';

  it('comes with every file, kept or not, beside what the host demands', async () => {
    const one = buildOf('1');
    const site = origin();
    site.state.files = one.contents;
    const worker = site.worker(one.list);
    await worker.install();
    const fresh = await ask(worker, 'theme.js', { client: 'a' });
    expect(fresh?.headers.get(POLICY)).toBe('of 1');
    site.state.headers = { [POLICY]: "default-src 'self'" };
    const strict = await ask(worker, 'theme.js', { client: 'a' });
    expect(strict?.headers.get(POLICY)).toBe("default-src 'self', of 1");
    site.state.headers = {};
    expect((await worker.fill(false)).type).toBe('kept');
    site.state.offline = true;
    const page = await ask(worker, '', { navigate: true, becomes: 'a' });
    expect(page?.headers.get(POLICY)).toBe('of 1');
    expect(await page?.text()).toBe('page 1');
  });
});

describe('a first visit', () => {
  it('puts the worker to work at once, on the network, until all is kept', async () => {
    const one = buildOf('1');
    const site = origin();
    site.state.files = { ...one.contents, 'index.html': 'newer page' };
    const worker = site.worker(one.list);
    await worker.install();
    expect(site.state.skipped).toBe(1);
    // The host has changed meanwhile: the rest does not fit the page.
    expect((await worker.fill(false)).type).toBe('failed');
    expect(await keptFile(site.parts, '1', 'theme.js')).toBeDefined();
    const answer = await ask(worker, '', { navigate: true });
    expect(answer?.headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
    expect(await answer?.text()).toBe('newer page');
    site.state.files = { ...one.contents, 'theme.js': 'newer theme' };
    expect(await textOf(ask(worker, 'theme.js', { client: 'a' }))).toBe('newer theme');
  });

  it('gives back what it took where room runs out in the middle', async () => {
    const one = buildOf('1');
    const site = origin();
    site.state.files = one.contents;
    const worker = site.worker(one.list);
    await worker.install();
    site.caches.puts = 2;
    expect(await worker.fill(false)).toMatchObject({ type: 'no-room' });
    expect(await site.caches.keys()).toEqual([]);
    expect(await textOf(ask(worker, '', { navigate: true, becomes: 'a' }))).toBe('page 1');
  });

  it('keeps nothing where that would take the last room', async () => {
    const one = buildOf('1');
    const site = origin();
    site.state.files = one.contents;
    site.state.free = 30;
    const worker = site.worker(one.list);
    expect((await worker.fill(false)).type).toBe('no-room');
    expect(await completeness(site.parts, '1')).toBeNull();
  });

  it('says once that it has just become whole', async () => {
    const one = buildOf('1');
    const site = origin();
    site.state.files = one.contents;
    const worker = site.worker(one.list);
    // Two pages at a time.
    const replies = await Promise.all([worker.fill(false), worker.fill(false)]);
    expect(replies.map((reply) => reply.type === 'kept' && reply.fresh)).toEqual([true, false]);
  });
});

describe('offline', () => {
  it('pages, with any query, and files come from the cache; a missing file is an error', async () => {
    const { worker, state } = await keptAt(buildOf('1'));
    state.offline = true;
    for (const path of ['', 'index.html', '?source=home']) {
      expect(await textOf(ask(worker, path, { navigate: true }))).toBe('page 1');
    }
    expect(await textOf(ask(worker, 'assets/main-1.js?x'))).toBe('main 1');
    await expect(ask(worker, 'assets/none.js')).rejects.toThrow();
    await expect(ask(worker, 'no-page.html', { navigate: true })).rejects.toThrow();
  });

  it.each([
    ['models/a.safetensors', 'GET'],
    ['collections/default/collection.json', 'GET'],
    ['theme.js', 'POST'],
    ['../beside/theme.js', 'GET'],
    ['https://other.example/theme.js', 'GET'],
  ])('%s by %s is left to the browser', async (path, method) => {
    const { worker } = await keptAt(buildOf('1'));
    expect(ask(worker, path, { method })).toBeNull();
  });
});

describe('a newer build', () => {
  it('waits, whole, and after taking over leaves open pages their own', async () => {
    const [one, two] = [buildOf('1'), buildOf('2')];
    const site = await keptAt(one);
    site.state.open = ['a'];
    expect(await textOf(ask(site.worker, '', { navigate: true, becomes: 'a' }))).toBe('page 1');
    site.state.files = two.contents;
    const next = site.next(two.list);
    await next.install();
    expect(site.state.skipped).toBe(1); // that of the first visit
    expect(await completeness(site.parts, '2')).toEqual({ gpu: false });
    await next.activate();
    site.state.open = ['a', 'b'];
    expect(await textOf(ask(next, '', { navigate: true, becomes: 'b' }))).toBe('page 2');
    site.state.offline = true;
    // A worker of each page asks like its page.
    for (const [page, build] of [
      ['a', '1'],
      ['b', '2'],
    ] as const) {
      const asked = { client: page, becomes: `${page} worker` };
      expect(await textOf(ask(next, `assets/main-${build}.js`, asked))).toBe(`main ${build}`);
      expect(await textOf(ask(next, 'theme.js', { client: page }))).toBe(`theme ${build}`);
      expect(await textOf(ask(next, 'theme.js', { client: `${page} worker` }))).toBe(
        `theme ${build}`,
      );
    }
    // A page of which nothing is known gets whatever has the name, where the name says the content.
    expect(await textOf(ask(next, 'assets/main-1.js', { client: 'c' }))).toBe('main 1');
  });

  it('that cannot be had whole does not become installed', async () => {
    const [one, two] = [buildOf('1'), buildOf('2')];
    const site = await keptAt(one);
    const { 'theme.js': _, ...cut } = two.contents;
    site.state.files = cut;
    await expect(site.next(two.list).install()).rejects.toThrow(/404/);
    expect(await textOf(ask(site.worker, '', { navigate: true }))).toBe('page 1');
  });

  it('takes over at once from one that was never whole', async () => {
    const site = origin();
    const next = site.worker(buildOf('2').list);
    await next.install();
    expect(site.state.skipped).toBe(1);
  });
});

describe('a file that few need', () => {
  const LATER = 'assets/libheif-1.wasm';
  function withLater(build: string) {
    const { contents, list } = buildOf(build);
    const file = { path: LATER, integrity: 'heif', bytes: 4, later: true } as const;
    return {
      contents: { ...contents, [LATER]: 'heif' },
      list: { ...list, files: [...list.files, file] },
    };
  }

  it('is kept from its first use on, also by the next build', async () => {
    const [one, two] = [withLater('1'), withLater('2')];
    const { state, worker, parts, next } = await keptAt(one);
    expect(await keptFile(parts, '1', LATER)).toBeUndefined();
    state.offline = true;
    await expect(ask(worker, LATER)).rejects.toThrow('Failed to fetch');
    state.offline = false;
    expect(await textOf(ask(worker, LATER))).toBe('heif');
    state.offline = true;
    expect(await textOf(ask(worker, LATER))).toBe('heif');
    state.offline = false;
    state.files = two.contents;
    await next(two.list).install();
    expect(await (await keptFile(parts, '2', LATER))?.text()).toBe('heif');
  });

  it('comes from the network where its content is another, or nothing can be kept', async () => {
    const one = withLater('1');
    const { state, worker, caches } = await keptAt(one);
    state.files = { ...one.contents, [LATER]: 'another build of it' };
    expect(await textOf(ask(worker, LATER))).toBe('another build of it');
    state.files = one.contents;
    caches.puts = 0;
    expect(await textOf(ask(worker, LATER))).toBe('heif');
  });
});

describe('storage that fails', () => {
  it('keeps nobody from a page that is kept: without room for a note it opens all the same', async () => {
    const one = buildOf('1');
    const { state, worker, caches } = await keptAt(one);
    caches.puts = 0;
    state.offline = true;
    const page = ask(worker, '', { navigate: true, becomes: 'a' });
    expect(await textOf(page)).toBe('page 1');
    expect(await textOf(ask(worker, 'theme.js', { client: 'a' }))).toBe('theme 1');
    const inner = ask(worker, 'assets/main-1.js', { client: 'a', becomes: 'b' });
    expect(await textOf(inner)).toBe('main 1');
  });

  it('that cannot be read leaves the page to the network', async () => {
    const one = buildOf('1');
    const { state, worker, caches } = await keptAt(one);
    caches.broken = true;
    state.files = { ...one.contents, 'index.html': 'page of the network' };
    const page = await ask(worker, '', { navigate: true, becomes: 'a' });
    expect(await page?.text()).toBe('page of the network');
    expect(page?.headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
    expect(await textOf(ask(worker, 'theme.js', { client: 'a' }))).toBe('theme 1');
  });
});

describe('taking over', () => {
  it('waits neither for the claim nor for workers, whose threads may sleep', async () => {
    const site = origin();
    site.state.claimed = NEVER;
    const worker = site.worker(buildOf('1').list);
    await worker.install();
    expect(site.state.skipped).toBe(1);
    await worker.activate();
  });
});
