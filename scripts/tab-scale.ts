// How large a collection a tab can hold: writes one of drawn vectors, opens it in Chromium's index worker from a
// server and then from storage, and prints times and the memory of the page's process as JSON (Linux only).
//
//   npx tsx scripts/tab-scale.ts --n 1000000 --dim 512 [--graphs]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { build, preview } from 'vite';
import { ClusteredVectors } from '../bench/clustered.ts';
import { clusteredFiles } from '../bench/clustered-collection.ts';
import { timing } from '../bench/statistics.ts';
import { readNumber, WHOLE } from '../src/cli/flags.ts';
import { note, printJson } from '../src/cli/output.ts';
import { collectionBytes } from '../src/retrieval/collection.ts';
import { writeCollectionFolder } from '../src/retrieval/write-folder.ts';
import { LAB_PAGE, ROOT } from '../tests/browser/harness/vite.lab.config.ts';
import { ensureBrowser } from './find-browser.ts';
import { rendererMemory } from './renderer-memory.ts';

const QUERIES = 60;
const K = 10;
const FOLDER = 'test-collections/scale';

const { values } = parseArgs({
  options: {
    n: { type: 'string', default: '100000' },
    dim: { type: 'string', default: '512' },
    graphs: { type: 'boolean', default: false },
  },
});
const rows = readNumber('--n', values.n, WHOLE);
const dim = readNumber('--dim', values.dim, WHOLE);

process.env.NODE_ENV = 'production';
const configFile = resolve(ROOT, 'tests/browser/harness/vite.lab.config.ts');
// Its own folder: the browser tests empty theirs.
const OUT = resolve(ROOT, '.cache/tab-scale');
const out = { configFile, build: { outDir: OUT } };
await build(out);
const vectors = new ClusteredVectors({ rows, dim, seed: 1 });
const { places } = vectors;

const { collection } = await writeCollectionFolder(
  resolve(OUT, FOLDER),
  clusteredFiles(vectors, rows, dim),
);
// A photo number that no row has: queries come from the same places, never from the same photos.
const queries = Array.from({ length: QUERIES }, (_, i) => [
  ...vectors.photo(Math.floor((i * places.length) / QUERIES), 1_000_000 + i),
]);

const server = await preview({ ...out, preview: { port: 0, strictPort: false } });
const [site] = server.resolvedUrls?.local ?? [];
if (!site) throw new Error('The built page could not be served.');
// A profile on the disk: a private one would keep IndexedDB in memory.
const profile = await mkdtemp(join(tmpdir(), 'cairn-tab-'));
const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const context = await chromium.launchPersistentContext(profile, {
  executablePath: ensureBrowser(),
  args: root,
});
try {
  const page = await context.newPage();
  // tsx wraps functions in a helper of its own, which the page lacks.
  await page.addInitScript('globalThis.__name = (named) => named');
  const openLab = async () => {
    await page.goto(new URL(LAB_PAGE, site).href);
    await page.waitForFunction(() => 'lab' in globalThis);
  };
  await openLab();
  const first = await openAndAsk(page);
  note(`downloaded and opened in ${first.openMs} ms`);
  const afterDownload = await rendererMemory(profile);
  await openLab();
  const second = await openAndAsk(page);
  const steady = await rendererMemory(profile);
  printJson({
    bench: 'tab-scale',
    rows,
    dim,
    shards: collection.shards.length,
    fileBytes: collectionBytes(collection),
    downloadAndOpenMs: first.openMs,
    openAgainMs: second.openMs,
    search: timing(second.times),
    engine: second.engine,
    graphs: values.graphs ? second.graphs : null,
    /** Bytes resident in the page's process, its workers included; now, and at most until then. */
    memory: { afterDownload, steady },
  });
} finally {
  await context.close();
  await server.close();
  await rm(profile, { recursive: true, force: true });
  await rm(resolve(OUT, FOLDER), { recursive: true, force: true });
}

async function openAndAsk(page: Page) {
  return page.evaluate(
    async ([folder, asked, k, graphs]) => {
      const index = lab.index(folder);
      const began = performance.now();
      await index.bridge.api.status();
      const openMs = performance.now() - began;
      const ready = graphs ? await index.bridge.api.ready({ onProgress: () => undefined }) : null;
      const times: number[] = [];
      let engine = '';
      for (const query of asked) {
        const start = performance.now();
        ({ engine } = await index.search(query, k, graphs ? undefined : 'exact'));
        times.push(performance.now() - start);
      }
      return { openMs, times: times.slice(10), engine, graphs: ready?.hnswShards ?? 0 };
    },
    [FOLDER, queries, K, values.graphs] as const,
  );
}
