// The package as another page has it: packed, installed, served by a plain host, embedded by the example.
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../scripts/document.ts';
import { buildLibrary } from '../../scripts/library/build.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, otherPng, sceneLabel, scenePng } from './harness/drawn-site.ts';
import { type PlainServer, servePlainly } from './harness/plain-server.ts';
import { READY_MS, upload } from './harness/visitor.ts';
import { LAB_OUT } from './harness/vite.lab.config.ts';

let browser: Browser;
let context: BrowserContext;
let folder: string;
let host: PlainServer;
beforeAll(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), 'cairn-library-'));
  const npm = (cwd: string, ...asked: string[]) =>
    String(execFileSync('npm', asked, { cwd, shell: process.platform === 'win32' }));
  await buildLibrary(join(folder, 'lib'));
  npm(folder, 'pack', './lib');
  // What it prints depends on its version.
  const filename = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  npm(folder, 'install', '--offline', '--no-audit', '--no-fund', `./${filename}`);
  const site = join(folder, 'site');
  await cp(join(ROOT, 'examples/embed'), site, { recursive: true });
  await cp(join(folder, 'node_modules/cairn-recognizer'), join(site, 'cairn'), { recursive: true });
  // Drawn scenes in place of photos.
  await cp(
    join(LAB_OUT, DRAWN_SITE, 'collections/default'),
    join(site, 'cairn/collections/default'),
    {
      recursive: true,
      force: true,
    },
  );
  host = await servePlainly(site, '/');
});
afterAll(async () => {
  await browser?.close();
  await host?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  context = await browser.newContext();
});
afterEach(() => context.close());

async function open() {
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.goto(host.url);
  return { page, problems };
}

test('the example names what its collection knows, and refuses what is no landmark', async () => {
  const asked: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  const { page, problems } = await open();
  const status = page.getByRole('status');
  await expect.poll(() => status.textContent(), { timeout: READY_MS }).toBe('Knows 10 landmarks.');
  const photos = page.getByLabel('A photo');
  await photos.setInputFiles(upload('scene.png', await scenePng(3, 7)));
  await expect.poll(() => status.textContent(), { timeout: READY_MS }).toMatch(/\(\d+ %\)$/);
  await photos.setInputFiles(upload('other.png', await otherPng(2)));
  await expect
    .poll(() => status.textContent(), { timeout: READY_MS })
    .toMatch(/^(unlisted|not-landmark)$/);
  expect(problems).toEqual([]);
  expect(host.notFound).toEqual([]);
  expect(asked.filter((url) => !url.startsWith(host.url) && !url.startsWith('blob:'))).toEqual([]);
});

test('a page has verdicts, typed errors, progress, and what was opened can be closed', async () => {
  const { page } = await open();
  const content = "import * as all from './cairn/cairn.js'; globalThis.cairn = all;";
  await page.addScriptTag({ type: 'module', content });
  await page.waitForFunction(() => 'cairn' in globalThis);
  const scene = [...(await scenePng(3, 7))];
  const found = await page.evaluate(async (bytes) => {
    const { createRecognizer, CairnError } = cairn;
    const codeOf = (thrown: unknown) =>
      thrown instanceof CairnError ? thrown.code : String(thrown);
    const refused = await Promise.all(
      [
        { collection: [] },
        { collection: 'data:text/plain,x' },
        { collection: './nothing.json' },
      ].map((options) => createRecognizer(options).then(() => 'opened', codeOf)),
    );
    const stop = new AbortController();
    const stopped = createRecognizer({ signal: stop.signal }).then(() => 'opened', codeOf);
    stop.abort();
    const stages = new Set<string>();
    const recognizer = await createRecognizer({
      verify: false,
      onProgress: ({ stage }) => stages.add(stage),
    });
    const verdict = await recognizer.recognize(new Blob([new Uint8Array(bytes)]));
    const unreadable = await recognizer.recognize(new Blob(['x'])).catch(codeOf);
    const noPhoto = await recognizer.recognize('x' as unknown as Blob).catch(codeOf);
    const pending = recognizer.recognize(new Blob([new Uint8Array(bytes)])).catch(codeOf);
    recognizer.dispose();
    return {
      refused,
      stopped: await stopped,
      stages: [...stages],
      label: verdict.label,
      backend: [recognizer.backend, verdict.backend],
      unreadable,
      noPhoto,
      pending: await pending,
      after: await recognizer.recognize(new Blob([new Uint8Array(bytes)])).catch(codeOf),
    };
  }, scene);
  expect(found).toMatchObject({
    refused: ['usage', 'usage', 'download-failed'],
    stopped: 'aborted',
    label: sceneLabel(3),
    unreadable: 'photo-unsupported',
    noPhoto: 'usage',
    pending: 'aborted',
    after: 'aborted',
  });
  expect(found.stages).toEqual(expect.arrayContaining(['download', 'load-model']));
  expect(found.backend[0]).toMatch(/^wasm \(\d threads?\)$/);
  expect(found.backend[1]).toBe(found.backend[0]);
});

declare global {
  /** Only in the page of these tests. */
  var cairn: typeof import('../../src/library/cairn.ts');
}
