// Whether a tab that stays open holds its memory: recognises drawn photos in lots in one tab of the built page, walks
// about between them, and prints what is held after each lot as JSON (Linux only). Exit code 1 where a figure goes on
// growing.
//
//   npm run soak -- [--photos 200] [--lot 20] [--webgpu [--wasm-matcher]] [--fresh]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { PLACES } from '../src/app/shell/router.ts';
import { readNumber, WHOLE } from '../src/cli/flags.ts';
import { note, printJson } from '../src/cli/output.ts';
import { otherPng, SCENES, scenePng } from '../tests/browser/harness/drawn-site.ts';
import { READY_MS, type Upload, upload } from '../tests/browser/harness/visitor.ts';
import {
  beforeWorker,
  WITHOUT_SERVICE_WORKER,
  WORKERS,
} from '../tests/browser/harness/worker-prelude.ts';
import { ROOT } from './document.ts';
import { serveDrawn } from './drawn-server.ts';
import { ensureBrowser } from './find-browser.ts';
import { rendererMemory } from './renderer-memory.ts';
import { type Figures, levelling } from './soak-figures.ts';
import { COUNTERS, POSING_ADAPTER, probe, WorkerHeaps } from './soak-probe.ts';

/** As few as the later half of them says something about. */
const LEAST_LOTS = 4;
/** For a lot on a software GPU, whose first pictures compile every shader. */
const SOFTWARE_GPU_MS = 420_000;

const { values } = parseArgs({
  options: {
    photos: { type: 'string', default: '200' },
    lot: { type: 'string', default: '20' },
    webgpu: { type: 'boolean', default: false },
    'wasm-matcher': { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
  },
});
const photos = readNumber('--photos', values.photos, WHOLE);
const lot = readNumber('--lot', values.lot, WHOLE);
const lots = Math.floor(photos / lot);
if (lots < LEAST_LOTS) throw new Error(`--photos must be at least ${LEAST_LOTS} times --lot`);

const patience = values.webgpu ? SOFTWARE_GPU_MS : READY_MS;

const server = await serveDrawn(resolve(ROOT, '.cache/soak'), values.fresh);

// A profile on the disk: a private one would keep IndexedDB in memory.
const profile = await mkdtemp(join(tmpdir(), 'cairn-soak-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: ensureBrowser(),
  locale: 'en-GB',
  args: [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...(values.webgpu ? ['--enable-unsafe-webgpu'] : []),
  ],
});
try {
  await context.addInitScript(COUNTERS);
  await context.addInitScript(WITHOUT_SERVICE_WORKER);
  // tsx wraps functions in a helper of its own, which the page lacks.
  await context.addInitScript('globalThis.__name = (named) => named');
  const inWorkers = `globalThis.__name = (named) => named; ${COUNTERS}`;
  const posing = values['wasm-matcher'] ? inEncoder(POSING_ADAPTER) : POSING_ADAPTER;
  await beforeWorker(context, WORKERS, values.webgpu ? inWorkers + posing : inWorkers);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.stack ?? String(error)));
  page.setDefaultTimeout(patience);
  const protocol = await context.newCDPSession(page);
  await protocol.send('Performance.enable');
  const heaps = await WorkerHeaps.watch(protocol);
  await page.goto(server.address);
  await page
    .locator('[data-testid=engine-status][data-state=ready]')
    .waitFor({ state: 'attached', timeout: patience });

  const samples: Figures[] = [];
  const began = performance.now();
  let failed = 0;
  for (let at = 0; at < lots; at++) {
    failed += await recogniseLot(page, await drawn(at));
    await walkAbout(page, at);
    const resident = async () => (await rendererMemory(profile)).now;
    samples.push(await probe(page, protocol, heaps, (at + 1) * lot, resident));
    note(`${(at + 1) * lot} of ${lots * lot} photos: ${JSON.stringify(samples.at(-1))}`);
  }
  const figures = levelling(samples);
  const level = Object.values(figures).every((one) => one.level !== false);
  const backend = await page.getByTestId('engine-status').textContent();
  printJson({
    soak: { photos: lots * lot, lot, webgpu: values.webgpu, failed, problems, backend },
    minutes: Number(((performance.now() - began) / 60_000).toFixed(1)),
    samples,
    slopes: figures,
    level,
  });
  if (!level || failed > 0 || problems.length > 0) process.exitCode = 1;
} finally {
  await context.close();
  await server.close();
  await rm(profile, { recursive: true, force: true });
}

/** The matcher takes minutes for a pair on a software GPU. */
function inEncoder(script: string): string {
  return `if (/\\/encoder-/.test(location.href)) { ${script} }`;
}

/** Scenes of the collection from views that it lacks, and some pictures of none of them. */
function drawn(at: number): Promise<Upload[]> {
  return Promise.all(
    Array.from({ length: lot }, async (_, i) => {
      const number = at * lot + i;
      const picture =
        i % 5 === 4 ? otherPng(number) : scenePng(SCENES[number % SCENES.length] ?? 0, 10 + number);
      return upload(`soak-${number}.png`, await picture);
    }),
  );
}

/** @returns how many got no verdict */
async function recogniseLot(page: Page, files: readonly Upload[]): Promise<number> {
  await page.getByTestId('nav-recognize').click();
  await give(page, files);
  await page.waitForFunction(
    (count) =>
      document.querySelectorAll(
        '[data-testid=photo-item][data-state=done], [data-testid=photo-item][data-state=failed]',
      ).length === count,
    files.length,
    { timeout: patience },
  );
  return page.locator('[data-testid=photo-item][data-state=failed]').count();
}

/**
 * As a choice of files comes to the page. Not by the protocol: the browser's developer tools hold every input that
 * they have given files to, and the place around it.
 */
async function give(page: Page, files: readonly Upload[]): Promise<void> {
  const given = files.map(({ name, buffer }) => ({ name, base64: buffer.toString('base64') }));
  await page.evaluate((all) => {
    const input = document.querySelector<HTMLInputElement>('[data-testid=file-input]')!; // on this place
    const chosen = new DataTransfer();
    for (const { name, base64 } of all) {
      const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
      chosen.items.add(new File([bytes], name, { type: 'image/png' }));
    }
    input.files = chosen.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }, given);
}

/** Looks into why, at all places and in both languages, and clears the list. */
async function walkAbout(page: Page, at: number): Promise<void> {
  const whys = page.getByTestId('why');
  for (let i = 0; i < Math.min(2, lot); i++) await whys.nth(i).locator('summary').click();
  if (at % 2 === 1) await page.getByTestId('language-switch').click();
  for (const place of PLACES) {
    await page.getByTestId(`nav-${place}`).click();
    await page.locator(`[data-testid=nav-${place}][aria-current]`).waitFor();
    await page.locator('#main h1').first().waitFor();
  }
  await page.getByTestId('nav-recognize').click();
  await page.getByTestId('clear-all').click();
  await page.locator('[data-testid=photo-item]').first().waitFor({ state: 'detached' });
  await page.waitForTimeout(500);
}
