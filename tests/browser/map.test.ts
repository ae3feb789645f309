// What a card says beyond the name: where it is on a map, what the photo says of itself, and a taught photo laid over
// it. With keyboard alone, without a network, and as axe sees it.
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { violations } from './harness/accessibility.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, sceneLabel, scenePng } from './harness/drawn-site.ts';
import { servePlainly } from './harness/plain-server.ts';
import { openReady, READY_MS, recognise, type Upload, upload } from './harness/visitor.ts';
import { LAB_OUT } from './harness/vite.lab.config.ts';

let browser: Browser;
let context: BrowserContext;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' });
});
afterEach(() => context.close());

/** A view of a placed scene that says it was taken about 1.7 km north of where the scene lies. */
async function telling(scene: number): Promise<Upload> {
  const exif = {
    IFD0: { Make: 'Cairn', Model: 'Pocket 2' },
    IFD2: { DateTimeOriginal: '2024:05:03 14:05:09' },
    IFD3: {
      GPSLatitudeRef: 'N',
      GPSLatitude: '48/1 52/1 2600/100',
      GPSLongitudeRef: 'E',
      GPSLongitude: '2/1 17/1 4220/100',
    },
  };
  const picture = sharp(await scenePng(scene, 7)).withExif(exif);
  return upload(`telling-${scene}.png`, await picture.png().toBuffer());
}

const plain = async (scene: number, view: number) =>
  upload(`scene-${scene}-${view}.png`, await scenePng(scene, view));

const map = (page: Page): Locator => page.getByTestId('map');
const stepOf = (page: Page) => map(page).getAttribute('data-step');
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('a named landmark is on the map, with the place that the photo states, by keyboard and in words', async () => {
  const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
  const [item] = await recognise(page, [await telling(0)]);
  expect(item).toMatchObject({ kind: 'landmark', label: sceneLabel(0) });
  await map(page).waitFor();
  // Near enough for the closest step to show both.
  expect(await stepOf(page)).toBe('country');
  await expect.poll(() => map(page).getAttribute('aria-label')).toContain('in France');
  await expect.poll(() => map(page).locator('.mark--landmark').count()).toBe(1);
  await expect.poll(() => map(page).locator('.mark--photo').count()).toBe(1);
  await expect.poll(() => map(page).locator('text').allTextContents()).toContain('France');

  const marks = page.getByTestId('map-mark');
  const kinds = () =>
    marks.evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.kind));
  expect((await kinds()).slice(0, 2)).toEqual(['landmark', 'photo']);
  await expect.poll(() => marks.nth(0).textContent()).toContain('48.858° N, 2.295° E');
  await expect
    .poll(() => page.getByTestId('map-distance').textContent())
    .toBe('1.7 km from where the photo was taken');
  const facts = await page.getByTestId('photo-facts').textContent();
  expect(facts).toContain('3 May 2024, 14:05 (camera’s clock)');
  expect(facts).toContain('48.874° N, 2.295° E');
  expect(facts).toContain('Cairn Pocket 2');
  expect(facts).toContain('not used for the verdict');

  await page.getByTestId('map-country').focus();
  await page.keyboard.press('ArrowLeft');
  expect(await stepOf(page)).toBe('continent');
  await page.keyboard.press('ArrowLeft');
  expect(await stepOf(page)).toBe('world');
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid')))
    .toBe('map-world');

  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const step of ['world', 'continent', 'country']) {
      await page.getByTestId(`map-${step}`).check();
      expect(await violations(page)).toEqual([]);
    }
  }
  await page.setViewportSize({ width: 320, height: 640 });
  await expect.poll(() => map(page).evaluate((svg) => svg.clientWidth)).toBeLessThan(300);
  // Less where room is kept for a scroll bar.
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  expect(problems).toEqual([]);
});

test('what says no place has no map; a fold stays as the user left it; Chinese is Chinese', async () => {
  const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
  await recognise(page, [await plain(1, 7), await plain(5, 7)]);
  await map(page).waitFor();
  await expect.poll(() => page.getByTestId('where').count()).toBe(1);
  await expect.poll(() => page.getByTestId('photo-facts').count()).toBe(0);
  expect(await stepOf(page)).toBe('continent');
  await expect.poll(() => map(page).getAttribute('aria-label')).toContain('in United Kingdom');
  await page.getByTestId('language-switch').click();
  await expect.poll(() => map(page).getAttribute('aria-label')).toContain('英国');
  await expect.poll(() => map(page).locator('text').allTextContents()).toContain('德国');

  await page.getByTestId('where-summary').click();
  await page.getByTestId('clear-all').click();
  await recognise(page, [await plain(0, 8)]);
  const next = page.getByTestId('where');
  await next.waitFor();
  expect(await next.evaluate((fold) => (fold as HTMLDetailsElement).open)).toBe(false);
  expect(problems).toEqual([]);
});

test('map and EXIF come with the network gone, though nobody had looked at either before', async () => {
  const host = await servePlainly(join(LAB_OUT, DRAWN_SITE), '/');
  try {
    const page = await context.newPage();
    await page.goto(`${host.url}#/about`);
    await page
      .locator('[data-testid=offline-state][data-state=kept]')
      .waitFor({ timeout: READY_MS });
    await host.close();
    await page.goto(`${host.url}#/`);
    await page.reload();
    await page
      .locator('[data-testid=engine-status][data-state=ready]')
      .waitFor({ state: 'attached', timeout: READY_MS });
    await recognise(page, [await telling(0)]);
    await map(page).waitFor();
    await expect.poll(() => page.getByTestId('photo-facts').textContent()).toContain('Pocket 2');
  } finally {
    await host.close().catch(() => undefined);
  }
});

test('a taught photo lies over the photo, and a divider goes between them', async () => {
  const NEW_SCENE = 23;
  const views = await Promise.all([0, 1, 2, 6].map((view) => plain(NEW_SCENE, view)));
  const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
  await page.getByTestId('nav-teach').click();
  await page.getByTestId('teach-name').fill('Gate of Winds');
  await page.getByTestId('teach-files').setInputFiles(views.slice(0, 3));
  await page.getByTestId('teach-start').click();
  await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });
  await page.getByTestId('nav-recognize').click();
  await recognise(page, views.slice(3));
  await page.getByTestId('why').locator('summary').click();

  const shown = page.getByTestId('compare');
  await shown.waitFor();
  await expect.poll(() => shown.getAttribute('data-shown')).toBe('overlay');
  await expect.poll(() => page.getByTestId('matched-points').count()).toBe(1);
  const slider = page.getByTestId('compare-slider');
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => slider.inputValue()).toBe('51');
  await expect
    .poll(() => slider.getAttribute('aria-valuetext'))
    .toBe('51% of the width shows the photo');
  await page.keyboard.press('Home');
  await expect.poll(() => slider.inputValue()).toBe('0');

  // Where the photo and the bent reference lie over each other they look alike: most pixels differ by little.
  const frame = page.locator('.compare__frame');
  const pixels = async (value: string) => {
    await slider.fill(value);
    await slider.evaluate((input) => (input as HTMLElement).blur());
    return sharp(await frame.screenshot())
      .greyscale()
      .blur(2)
      .raw()
      .toBuffer();
  };
  const [reference, photo] = [await pixels('0'), await pixels('100')];
  const differences = photo.map((level, i) => Math.abs(level - (reference[i] ?? 0))).sort();
  expect(differences[Math.floor(differences.length / 2)]).toBeLessThan(16);

  const box = await frame.boundingBox();
  if (!box) throw new Error('The comparison has no place on the page');
  await page.mouse.move(box.x + box.width / 2, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 4, box.y + 20);
  await page.mouse.up();
  await expect.poll(() => slider.inputValue()).toBe('25');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await violations(page)).toEqual([]);
  }
  expect(problems).toEqual([]);
});
