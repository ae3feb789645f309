// Every screen of the page, in the order of a walk through it: what screenshots show and accessibility is checked on.
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { otherPng, scenePng } from './drawn-site.ts';
import { makeTowns, serveCollection, TOWNS_NAME } from './towns.ts';
import { fixture, READY_MS, type Upload, upload } from './visitor.ts';

export interface Screen {
  /** In file names: the place first. */
  readonly name: string;
  /** Leads there from the screen before. */
  readonly show: (page: Page) => Promise<void>;
}

/** A scene that the site's collection lacks. */
const NEW_SCENE = 23;

const scene = async (n: number, view = 7): Promise<Upload> =>
  upload(`scene-${n}-${view}.png`, await scenePng(n, view));

/** A photo that says where and when it was taken. */
async function placed(): Promise<Upload> {
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
  const picture = sharp(await scenePng(0, 7)).withExif(exif);
  return upload('on-the-way.png', await picture.png().toBuffer());
}

async function give(page: Page, photos: readonly Upload[]): Promise<void> {
  await page.getByTestId('file-input').setInputFiles([...photos]);
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll<HTMLElement>('[data-testid=photo-item]')].every((item) =>
        ['done', 'failed'].includes(item.dataset.state ?? ''),
      ),
    null,
    { timeout: READY_MS },
  );
}

/** Waits until the recognizer is ready. */
export async function engineReady(page: Page): Promise<void> {
  await page
    .locator('[data-testid=engine-status][data-state=ready]')
    .waitFor({ state: 'attached', timeout: READY_MS });
}

/** The walk, once the engine is ready, from an empty page. */
export const SCREENS: readonly Screen[] = [
  {
    name: 'recognize-empty',
    show: async (page) => page.getByTestId('file-input').waitFor({ state: 'attached' }),
  },
  {
    name: 'recognize-verdicts',
    show: async (page) => {
      const other = upload('other.png', await otherPng(2));
      await give(page, [await placed(), await scene(5), other, await fixture('corrupt.png')]);
      await page.getByTestId('map').first().waitFor();
    },
  },
  {
    name: 'recognize-why',
    show: async (page) => {
      await page.getByTestId('why').first().locator('summary').first().click();
      await page.getByTestId('matched-points').first().waitFor();
    },
  },
  {
    name: 'recognize-map',
    show: async (page) => {
      await page.getByTestId('map-world').first().check();
    },
  },
  {
    name: 'recognize-save',
    show: async (page) => {
      await page.getByTestId('save-result').first().click();
    },
  },
  {
    name: 'recognize-history',
    show: async (page) => {
      await page.keyboard.press('Escape');
      await page.getByTestId('clear-all').click();
      await page.getByTestId('history-fold').click();
      await page.getByTestId('history-entry').nth(2).waitFor();
    },
  },
  {
    name: 'recognize-history-entry',
    show: async (page) => {
      await page.getByTestId('history-entry').nth(2).locator('summary').click();
      await page.getByTestId('history-open').waitFor();
    },
  },
  {
    name: 'teach-empty',
    show: async (page) => {
      await page.getByTestId('nav-teach').click();
      await page.getByTestId('teach-form').waitFor();
    },
  },
  {
    name: 'teach-staged',
    show: async (page) => {
      await page.getByTestId('teach-name').fill('Gate of Winds');
      const views = [1, 2, 3].map((view) => scene(NEW_SCENE, view));
      await page.getByTestId('teach-files').setInputFiles(await Promise.all(views));
      await page.getByTestId('staged-photo').nth(2).waitFor();
    },
  },
  {
    name: 'teach-taught',
    show: async (page) => {
      await page.getByTestId('teach-start').click();
      await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });
      await page.locator('[data-testid=taught-photo] img').nth(2).waitFor();
    },
  },
  {
    name: 'teach-remove',
    show: async (page) => {
      await page.getByTestId('taught-remove').click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'recognize-compare',
    show: async (page) => {
      await page.keyboard.press('Escape');
      await page.getByTestId('nav-recognize').click();
      await give(page, [await scene(NEW_SCENE, 4)]);
      await page.getByTestId('why').first().locator('summary').first().click();
      await page.getByTestId('matched-reference').first().waitFor();
    },
  },
  {
    name: 'collections',
    show: async (page) => {
      await page.getByTestId('nav-collections').click();
      await page.getByTestId('storage-part').first().waitFor();
    },
  },
  {
    name: 'collections-offer',
    show: async (page) => {
      await serveCollection(page.context(), TOWNS_NAME, await makeTowns());
      const address = new URL('collections/towns/collection.json', page.url()).href;
      await page.getByTestId('collection-address').fill(address);
      await page.getByTestId('collection-look').click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'collections-delete',
    show: async (page) => {
      await page.keyboard.press('Escape');
      await page.getByTestId('collection-delete').first().click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'landmarks',
    show: async (page) => {
      await page.keyboard.press('Escape');
      await page.getByTestId('nav-landmarks').click();
      await page.getByTestId('landmark-item').first().waitFor();
    },
  },
  {
    name: 'about',
    show: async (page) => {
      await page.getByTestId('nav-about').click();
      await page.getByTestId('diagnostics').waitFor();
    },
  },
];

/** Ways in which the page can be at a start that went otherwise, each in a page of its own. */
export const STARTS: readonly (Screen & { readonly until: string })[] = [
  {
    name: 'start-loading',
    until: '[data-testid=engine-status][data-state=loading]',
    show: async (page) => {
      // Models never come.
      await page.context().route('**/*.safetensors', () => undefined);
    },
  },
  {
    name: 'start-failed',
    until: '[data-testid=engine-status][data-state=failed]',
    show: async (page) => {
      await page.context().route('**/models/registry.json', (route) => route.abort());
    },
  },
];
