// Photos of every good and bad kind, decoded by the browser itself: the same answers as in Node.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PHOTO_CASES } from '../fixtures/photos/cases.ts';
import { launch, openLab } from './harness/browser.ts';
import type { Lab } from './harness/lab.ts';

let browser: Browser;
let page: Page;
let found: Awaited<ReturnType<Lab['photos']>>;

beforeAll(async () => {
  browser = await launch();
  ({ page } = await openLab(browser));
  found = await page.evaluate(() => lab.photos());
});
afterAll(() => browser?.close());

describe.each(PHOTO_CASES)('$file, $shows', ({ file, outcome }) => {
  test('error' in outcome ? `is refused: ${outcome.error}` : 'is read', () => {
    const seen = found[file]!;
    if ('error' in outcome) {
      expect(seen).toMatchObject({ code: outcome.error });
      return;
    }
    const { mime, width, height, decoded, meanRgb, topLeftRgb, tolerance } = outcome.ok;
    if ('code' in seen) expect.fail(`${seen.code}: ${seen.message}`);
    expect(seen).toMatchObject({ mime, width, height, decoded: decoded ?? { width, height } });
    for (let c = 0; c < 3; c++) {
      expect(Math.abs(seen.meanRgb[c]! - meanRgb[c]!)).toBeLessThanOrEqual(tolerance);
      expect(Math.abs(seen.topLeftRgb[c]! - topLeftRgb[c]!)).toBeLessThanOrEqual(tolerance);
    }
  });
});

test('the eight EXIF orientations of a picture give the same embedding', async () => {
  const embeddings = await page.evaluate(async () => {
    const encoder = lab.encoder('test-models/right/', 'wasm');
    const all = [];
    for (let o = 1; o <= 8; o++) {
      all.push((await encoder.encodeFile(`tests/fixtures/photos/orientation-${o}.jpg`)).embedding);
    }
    encoder.release();
    return all;
  });
  const [upright, ...turned] = embeddings;
  for (const embedding of turned) {
    const cosine = embedding.reduce((sum, x, i) => sum + x * upright![i]!, 0);
    // They are eight JPEG files: the pixels differ by what compressing them in turn has left.
    expect(cosine).toBeGreaterThan(0.999);
  }
});

test('a PNG that the browser does not turn, as WebKit, is turned all the same', async () => {
  const context = await browser.newContext();
  await context.addInitScript(() => {
    const native = createImageBitmap;
    const lazy = (source: Blob, options?: ImageBitmapOptions) =>
      native(
        source,
        source.type === 'image/png' ? { ...options, imageOrientation: 'none' } : options,
      );
    Object.assign(globalThis, { createImageBitmap: lazy });
  });
  const { page: lazyPage } = await openLab(context);
  const seen = await lazyPage.evaluate(() => lab.photos());
  for (const file of ['orientation-6.png', 'orientation-6.jpg', 'palette.png']) {
    expect(seen[file], file).toEqual(found[file]);
  }
  await context.close();
});
