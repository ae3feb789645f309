// What was taught, taken from one browser to another in a file, as a visitor does it.
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readContainer } from '../../src/retrieval/container.ts';
import { gathered } from '../unit/container-fixtures.ts';
import { violations } from './harness/accessibility.ts';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, scenePng } from './harness/drawn-site.ts';
import { openReady, READY_MS, recognise, upload } from './harness/visitor.ts';

/** A scene that the site's collection lacks. */
const NEW_SCENE = 23;
const NAME = 'Gate of Winds';
const NOTE = 'Behind the market';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const view = async (number: number) =>
  upload(`view-${number}.png`, await scenePng(NEW_SCENE, number));

const newContext = (locale: string): Promise<BrowserContext> => browser.newContext({ locale });

function cairnFile(buffer: Buffer) {
  return { name: 'taught.cairn', mimeType: 'application/octet-stream', buffer };
}

async function transferred(page: Page, state: string): Promise<string> {
  await page.locator(`[data-testid=transfer][data-state=${state}]`).waitFor({ timeout: READY_MS });
  return (await page.getByTestId('transfer').textContent()) ?? '';
}

async function picturesShown(page: Page): Promise<number> {
  return page.locator('[data-testid=taught-photo] img').count();
}

describe('keeping what was taught', () => {
  test('a file from one browser makes another one know the landmark, and a damaged one changes nothing', async () => {
    const first = await newContext('en-GB');
    const { page, problems } = await openReady(first, `${DRAWN_SITE}/`);
    await page.getByTestId('nav-teach').click();
    await expect.poll(() => page.getByTestId('taught-export').count()).toBe(0);
    await page.getByTestId('teach-name').fill(NAME);
    await page.getByLabel('Note').fill(NOTE);
    await page
      .getByTestId('teach-files')
      .setInputFiles([await view(1), await view(2), await view(3)]);
    await page.getByTestId('teach-start').click();
    await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });

    const download = page.waitForEvent('download');
    await page.getByTestId('taught-export').focus();
    await page.keyboard.press('Enter');
    const saved = await download;
    expect(saved.suggestedFilename()).toMatch(/^my-landmarks-\d{4}-\d\d-\d\d\.cairn$/);
    expect(await transferred(page, 'exported')).toContain('small copies of your photos');
    await expect.poll(() => page.getByTestId('live-region').textContent()).toContain('Saved as');
    const bytes = readFileSync(await saved.path());
    const parts = await gathered(readContainer(new Blob([bytes]).stream()));
    expect(parts.map(({ kind }) => kind)).toEqual([
      'collection',
      'shard',
      'taught',
      ...Array(3).fill('picture'),
    ]);
    // Back where it came from: nothing is new.
    await page.getByTestId('taught-import').setInputFiles([cairnFile(bytes)]);
    expect(await transferred(page, 'imported')).toContain('all of it is here already');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
    }
    expect(problems).toEqual([]);
    await first.close();

    const second = await newContext('zh-CN');
    const other = await openReady(second, `${DRAWN_SITE}/`);
    await other.page.getByTestId('nav-teach').click();
    const turned = Buffer.from(bytes);
    turned[turned.length - 1536]! ^= 1; // in a copy of a photo
    for (const broken of [turned, bytes.subarray(0, -512), Buffer.from('no collection')]) {
      await other.page.getByTestId('taught-import').setInputFiles([cairnFile(broken)]);
      expect(await transferred(other.page, 'failed')).toContain('没有添加任何内容');
      await expect.poll(() => other.page.getByTestId('taught-landmark').count()).toBe(0);
      await other.page.getByTestId('transfer-dismiss').click();
    }
    // By keyboard alone.
    const chooser = other.page.waitForEvent('filechooser');
    await other.page.getByTestId('taught-import').focus();
    await other.page.keyboard.press('Space');
    await (await chooser).setFiles([cairnFile(bytes)]);
    expect(await transferred(other.page, 'imported')).toContain('1 处地标的 3 张照片');
    await expect
      .poll(() => other.page.getByTestId('taught-landmark').textContent())
      .toContain(NOTE);
    await expect.poll(() => picturesShown(other.page)).toBe(3);
    expect(await violations(other.page)).toEqual([]);

    for (let visit = 0; visit < 2; visit++) {
      await other.page.getByTestId('nav-recognize').click();
      const [item] = await recognise(other.page, [await view(9)]);
      expect(item!.text).toContain(NAME);
      await other.page.reload();
      await other.page
        .locator('[data-testid=engine-status][data-state=ready]')
        .waitFor({ state: 'attached', timeout: READY_MS });
    }
    expect(other.problems).toEqual([]);
    await second.close();
  });
});
