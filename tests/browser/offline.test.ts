// The page without a network after its first visit, and newer versions of it, on a plain static host.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isShellFile, type ShellList } from '../../src/offline/shell-list.ts';
import { violations } from './harness/accessibility.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, sceneLabel, scenePng } from './harness/drawn-site.ts';
import { writeNextBuild } from './harness/next-build.ts';
import { type PlainServer, servePlainly } from './harness/plain-server.ts';
import { READY_MS, recognise, upload } from './harness/visitor.ts';
import { LAB_OUT } from './harness/vite.lab.config.ts';

const SITE = join(LAB_OUT, DRAWN_SITE);
const SUB_PATH = '/some/where/';
const NAME = 'Gate of Winds';
/** A scene that the site's collection lacks. */
const NEW_SCENE = 23;

let browser: Browser;
let context: BrowserContext;
let host: PlainServer;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  host = await servePlainly(SITE, SUB_PATH);
  context = await browser.newContext({ locale: 'en-GB' });
});
afterEach(async () => {
  await context.close();
  await host.close();
});

const view = async (scene: number, at: number) =>
  upload(`scene-${scene}-${at}.png`, await scenePng(scene, at));

async function ready(page: Page): Promise<void> {
  await page
    .locator('[data-testid=engine-status][data-state=ready]')
    .waitFor({ state: 'attached', timeout: READY_MS });
}

/** Opens the page and waits until About says that it works offline. */
async function openKept(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${host.url}#/about`);
  await ready(page);
  await page.locator('[data-testid=offline-state][data-state=kept]').waitFor({ timeout: READY_MS });
  await page.getByTestId('nav-recognize').click();
  return page;
}

const isolated = (page: Page) => page.evaluate(() => crossOriginIsolated);
const build = (page: Page) =>
  page.evaluate(() => document.querySelector<HTMLMetaElement>('meta[name=build]')?.content ?? '');

/** How long the browser's own look for a newer worker takes, and what comes of it. */
const lookForUpdate = (page: Page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    const next = registration.installing ?? registration.waiting;
    if (!next) return 'none';
    while (next.state === 'installing') {
      await new Promise((resolve) => next.addEventListener('statechange', resolve, { once: true }));
    }
    return next.state;
  });

const shellCaches = (page: Page) =>
  page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('cairn-shell')));

test('the built worker lists every file of the page, and nothing else', async () => {
  const [first = ''] = (await readFile(join(SITE, 'sw.js'), 'utf8')).split('\n');
  const list = JSON.parse(first.replace(/^const CAIRN_SHELL = |;$/g, '')) as ShellList;
  const all = await readdir(SITE, { recursive: true });
  const files: string[] = [];
  for (const path of all) if ((await stat(join(SITE, path))).isFile()) files.push(path);
  expect(list.files.map(({ path }) => path).sort()).toEqual(files.filter(isShellFile).sort());
  // The one that only WebGPU needs is known by its name.
  expect(list.files.filter(({ gpu }) => gpu)).toHaveLength(1);
});

describe('after a first visit', () => {
  test('all goes on with the host gone: isolation, recognition, teaching', async () => {
    const page = await openKept();
    await expect
      .poll(() => page.getByTestId('live-region').textContent())
      .toContain('Works offline');
    const [first] = await recognise(page, [await view(0, 7)]);
    expect(first!.label).toBe(sceneLabel(0));

    await host.close();
    await page.reload();
    await ready(page);
    expect(await isolated(page)).toBe(true);
    const [second] = await recognise(page, [await view(1, 7)]);
    expect(second!.label).toBe(sceneLabel(1));
    await page.getByTestId('clear-all').click();

    await page.getByTestId('nav-teach').click();
    await page.getByTestId('teach-name').fill(NAME);
    const photos = await Promise.all([1, 2, 3, 4].map((at) => view(NEW_SCENE, at)));
    await page.getByTestId('teach-files').setInputFiles(photos);
    await page.getByTestId('teach-start').click();
    await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });
    await page.getByTestId('nav-recognize').click();
    const [third] = await recognise(page, [await view(NEW_SCENE, 9)]);
    expect(third!.text).toContain(NAME);
    // What is there can be used; nothing went wrong on the way to it.
    await expect.poll(() => page.getByTestId('notice').count()).toBe(0);
    await page.getByTestId('nav-about').click();
    await expect
      .poll(() => page.getByTestId('offline-state').getAttribute('data-state'))
      .toBe('kept');
  });

  test('it can be installed, and what other apps share lands in Recognize', async () => {
    const page = await openKept();
    const cdp = await context.newCDPSession(page);
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
    // Playwright's contexts are private windows, which install nothing.
    const errors = installabilityErrors.map(({ errorId }) => errorId);
    expect(errors.filter((id) => id !== 'in-incognito')).toEqual([]);
    const manifest = await cdp.send('Page.getAppManifest');
    expect(manifest.errors).toEqual([]);
    expect(manifest.url).toBe(`${host.url}manifest.webmanifest`);

    const other = await context.newPage();
    await other.setContent(
      `<form method="post" enctype="multipart/form-data" action="${host.url}share-target">
        <input type="file" name="photos" multiple><button>Share</button></form>`,
    );
    await other.locator('input').setInputFiles([await view(2, 7)]);
    await other.locator('button').click();
    const item = other.locator('[data-testid=photo-item][data-state=done]');
    await item.waitFor({ timeout: READY_MS });
    await expect.poll(() => item.getAttribute('data-label')).toBe(sceneLabel(2));
    expect(new URL(other.url()).hash).toBe('#/');
    expect(await isolated(other)).toBe(true);
  });
});

test('files that the page is opened with land where they belong, and it asks to be installed', async () => {
  const page = await context.newPage();
  // What the operating system does with an installed page; a browser under test installs none.
  await page.addInitScript(() => {
    Object.defineProperty(window, 'launchQueue', {
      value: { setConsumer: (take: unknown) => Object.assign(window, { take }) },
    });
  });
  await page.goto(host.url);
  await ready(page);
  const open = (name: string, type: string, bytes: number[]) =>
    page.evaluate(
      ([name, type, bytes]) => {
        const file = new File([new Uint8Array(bytes)], name, { type });
        const { take } = window as unknown as { take: (launch: object) => void };
        take({ files: [{ getFile: async () => file }] });
      },
      [name, type, bytes] as const,
    );
  await open('scene.png', 'image/png', [...(await scenePng(5, 7))]);
  const item = page.locator('[data-testid=photo-item][data-state=done]');
  await item.waitFor({ timeout: READY_MS });
  await expect.poll(() => item.getAttribute('data-label')).toBe(sceneLabel(5));
  await open('towns.cairn', '', [1, 2, 3]);
  await page.waitForFunction(() => location.hash === '#/collections');
  await page.getByTestId('nav-about').click();
  const button = page.getByTestId('install-app');
  await expect.poll(() => button.count()).toBe(0);
  await page.evaluate(() => {
    const prompt = async () => Object.assign(window, { prompted: true });
    dispatchEvent(Object.assign(new Event('beforeinstallprompt'), { prompt }));
  });
  expect(await violations(page)).toEqual([]);
  await button.click();
  await page.waitForFunction(() => 'prompted' in window);
  await expect.poll(() => button.count()).toBe(0);
});

describe('a newer version', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-builds-'));
    await writeNextBuild(SITE, join(folder, 'next'), 'two');
    await writeNextBuild(SITE, join(folder, 'broken'), 'three');
    const assets = join(folder, 'broken/assets');
    const trainer = (await readdir(assets)).find((name) => name.startsWith('trainer'));
    await rm(join(assets, trainer!)); // training is part of every build
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('waits until nothing is under way, and leaves other pages alone', async () => {
    const page = await openKept();
    const beside = await context.newPage();
    await beside.goto(host.url);
    await ready(beside);
    const old = await beside.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => name),
    );
    const script = old.find((name) => /assets\/index-.*\.js$/.test(name))!; // the page's own

    host.serve(join(folder, 'next'));
    const photos = await Promise.all([0, 1, 2].map((scene) => view(scene, 7)));
    await page.getByTestId('file-input').setInputFiles(photos);
    expect(await lookForUpdate(page)).toBe('installed');
    const button = page.getByTestId('update-switch');
    await button.waitFor();
    await expect.poll(() => button.getAttribute('aria-disabled')).toBe('true');
    await button.click({ force: true });
    await page.waitForFunction(
      () => document.querySelectorAll('[data-testid=photo-item][data-state=done]').length === 3,
      undefined,
      { timeout: READY_MS },
    );
    expect(await build(page)).toBe('');
    expect(await violations(page)).toEqual([]);
    await expect
      .poll(() => page.locator('[aria-disabled=false][data-testid=update-switch]').count())
      .toBe(1);
    await page.getByTestId('update-switch').click();
    await page.waitForFunction(
      () => document.querySelector<HTMLMetaElement>('meta[name=build]')?.content === 'two',
    );
    await ready(page);
    expect(await isolated(page)).toBe(true);
    await expect.poll(() => page.getByTestId('update-notice').count()).toBe(0);

    // The other page has lost nothing, not even the files that it has not asked for yet.
    expect(await build(beside)).toBe('');
    expect(await beside.evaluate(async (url) => (await fetch(url)).status, script)).toBe(200);
    const [verdict] = await recognise(beside, [await view(3, 7)]);
    expect(verdict!.label).toBe(sceneLabel(3));
    expect(await shellCaches(page)).toHaveLength(2);
    await beside.close();
    await expect
      .poll(
        async () => {
          await page.reload();
          return (await shellCaches(page)).length;
        },
        { timeout: 30_000, interval: 2000 },
      )
      .toBe(1);
    await ready(page);
  });

  test('that cannot be had whole changes nothing', async () => {
    const page = await openKept();
    host.serve(join(folder, 'broken'));
    expect(await lookForUpdate(page)).toBe('redundant');
    await expect.poll(() => page.getByTestId('update-notice').count()).toBe(0);
    await page.reload();
    await ready(page);
    expect(await build(page)).toBe('');
    await host.close();
    await page.reload();
    await ready(page);
    const [verdict] = await recognise(page, [await view(4, 7)]);
    expect(verdict!.label).toBe(sceneLabel(4));
  });
});
