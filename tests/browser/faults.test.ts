// What breaks while the page is at work: workers die in their calls, storage is cleared, the clock jumps, tabs teach
// at once. Each ends in a verdict or in a message with a way on, and nothing else is lost.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { launch, openPage } from './harness/browser.ts';
import { DRAWN_SITE, sceneLabel, scenePng } from './harness/drawn-site.ts';
import { type Death, dieInCall } from './harness/dying-workers.ts';
import {
  openReady,
  READY_MS,
  recognise,
  tuningAt,
  type Upload,
  upload,
} from './harness/visitor.ts';

const SITE = `${DRAWN_SITE}/`;
/** Those of the collection without views to match: quick. */
const ASKED = [2, 3, 4];

const ENCODER_DIES: Death = { kind: 'encoder', method: 'encode' };
const TRAINER_DIES: Death = { kind: 'trainer', method: 'advance' };

let browser: Browser;
let context: BrowserContext;
let photos: readonly Upload[];
beforeAll(async () => {
  browser = await launch();
  photos = await views(ASKED, 7);
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' });
});
afterEach(() => context.close());

function views(scenes: readonly number[], view: number): Promise<Upload[]> {
  return Promise.all(
    scenes.map(async (scene) => upload(`scene-${scene}-${view}.png`, await scenePng(scene, view))),
  );
}

const status = (page: Page, state: string) =>
  page
    .locator(`[data-testid=engine-status][data-state=${state}]`)
    .waitFor({ state: 'attached', timeout: READY_MS });

const notices = (page: Page) =>
  page
    .getByTestId('notice')
    .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.id));

async function teach(page: Page, name: string, files: readonly Upload[]): Promise<void> {
  await page.getByTestId('nav-teach').click();
  await page.getByTestId('teach-name').fill(name);
  await page.getByTestId('teach-files').setInputFiles([...files]);
  await page.getByTestId('teach-start').click();
  await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });
}

const taughtNames = (page: Page) =>
  page.getByTestId('taught-landmark').locator('h3').allTextContents();

describe('a worker that dies', () => {
  test.each([ENCODER_DIES, { kind: 'index', method: 'search' }] as const)(
    '$kind in $method: that photo can be tried again, the others go on',
    async (death) => {
      await context.addInitScript(dieInCall, death);
      const { page } = await openReady(context, SITE);
      const [first, ...others] = await recognise(page, photos);
      expect(first).toMatchObject({ state: 'failed', error: 'worker-crashed' });
      expect(others.map(({ label }) => label)).toEqual(ASKED.slice(1).map(sceneLabel));
      expect(await notices(page)).toContain('worker-restarted');
      await page.getByTestId('again-photo').click();
      await page.waitForFunction(
        (count) => document.querySelectorAll('[data-state=done]').length === count,
        photos.length,
        { timeout: READY_MS },
      );
    },
  );

  test.each([
    { kind: 'encoder', method: 'open' },
    { kind: 'index', method: 'open' },
  ] as const)('$kind in $method: the page says so, and starts when told to', async (death) => {
    await context.addInitScript(dieInCall, death);
    const { page } = await openPage(context, SITE);
    await status(page, 'failed');
    await expect
      .poll(() => page.getByTestId('engine-status').textContent())
      .toMatch(/stopped unexpectedly/);
    await page.getByTestId('engine-retry').click();
    await status(page, 'ready');
    const [item] = await recognise(page, [photos[0]!]);
    expect(item).toMatchObject({ label: sceneLabel(ASKED[0]!) });
  });

  test('while teaching costs one photo, and while tuning what was not kept', async () => {
    await context.addInitScript(dieInCall, TRAINER_DIES);
    await context.addInitScript(dieInCall, ENCODER_DIES);
    const { page } = await openReady(context, SITE);
    const own = await Promise.all(
      [1, 2, 3].map(async (view) => upload(`own-${view}.png`, await scenePng(23, view))),
    );
    await teach(page, 'Gate of Winds', own);
    const outcomes = await page
      .getByTestId('lesson-photo')
      .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.at));
    expect(outcomes).toEqual(['failed', 'taught', 'taught']);
    const at = (state: string) => tuningAt(page, state);
    await page.getByTestId('tuning-start').click();
    await at('failed');
    await expect
      .poll(() => page.getByTestId('tuning-failed').getAttribute('data-code'))
      .toBe('worker-crashed');
    await page.getByTestId('tuning-start').click();
    await at('running');
    // What was taught is there all the while.
    expect(await taughtNames(page)).toEqual(['Gate of Winds']);
  });
});

describe('storage', () => {
  test('that is cleared while the page is open: it goes on, and keeps what is new', async () => {
    const { page, problems } = await openReady(context, SITE);
    await teach(page, 'Gate of Winds', await views([23], 1));
    await page.getByTestId('nav-recognize').click();
    const protocol = await context.newCDPSession(page);
    const cleared = protocol.send('Storage.clearDataForOrigin', {
      origin: new URL(inject('siteUrl')).origin,
      storageTypes: 'indexeddb,local_storage',
    });
    const items = await recognise(page, photos);
    await cleared;
    expect(items.map(({ label }) => label)).toEqual(ASKED.map(sceneLabel));
    await teach(page, 'Hall of Rain', await views([37], 1));
    await page.reload();
    await status(page, 'ready');
    await page.getByTestId('nav-teach').click();
    await page.getByTestId('taught-landmark').first().waitFor();
    expect(await taughtNames(page)).toContain('Hall of Rain');
    expect(problems).toEqual([]);
  });
});

describe('a clock that jumps', () => {
  test('back by years and forth again: verdicts, lessons and other tabs go on', async () => {
    const { page, problems } = await openReady(context, SITE);
    const other = await openReady(context, `${SITE}#/teach`);
    for (const [i, year] of ['2031', '1999', '2031'].entries()) {
      await page.clock.setFixedTime(new Date(`${year}-01-01T00:00:00Z`));
      await teach(page, `Stop ${i}`, await views([40 + i], 1));
      // Told apart although the clock stands still, or shows what it has shown before.
      await expect
        .poll(() => taughtNames(other.page), { timeout: READY_MS })
        .toContain(`Stop ${i}`);
      await page.getByTestId('nav-recognize').click();
      const [item] = await recognise(page, [photos[i]!]);
      expect(item).toMatchObject({ label: sceneLabel(ASKED[i]!) });
      await page.getByTestId('clear-all').click();
    }
    expect([...problems, ...other.problems]).toEqual([]);
  });
});

describe('two tabs', () => {
  test('that teach at once have both what each was taught, and show it; what fails is in sight', async () => {
    const [one, two] = [await openReady(context, SITE), await openReady(context, SITE)];
    await Promise.all([
      teach(one.page, 'Gate of Winds', await views([23], 1)),
      teach(two.page, 'Hall of Rain', await views([37], 1)),
    ]);
    const both = ['Gate of Winds', 'Hall of Rain'];
    for (const { page } of [one, two]) {
      await expect
        .poll(async () => (await taughtNames(page)).toSorted(), { timeout: READY_MS })
        .toEqual(both);
    }
    const mine = one.page.getByTestId('taught-landmark').filter({ hasText: 'Gate of Winds' });
    await mine.getByTestId('taught-rename').click();
    await one.page.getByTestId('rename-title').fill('Hall of Rain');
    await one.page.getByTestId('rename-save').click();
    const failure = one.page.getByTestId('failure');
    await failure.waitFor();
    await expect.poll(() => failure.textContent()).toContain('has this name');
    await expect.poll(() => failure.getAttribute('role')).toBe('alert');
    await one.page.getByTestId('rename-title').fill('Gate of Storms');
    await one.page.getByTestId('rename-save').click();
    await failure.waitFor({ state: 'detached' });
    // Both delete the same landmark: it is gone once, without an error in either.
    await expect.poll(() => taughtNames(two.page)).toContain('Gate of Storms');
    for (const { page } of [one, two]) {
      const card = page.getByTestId('taught-landmark').filter({ hasText: 'Hall of Rain' });
      await card.getByTestId('taught-remove').click();
    }
    // The question of the second may be gone before it can be answered: with what it asks about.
    await Promise.all(
      [one, two].map(({ page }) =>
        page
          .getByTestId('confirm-remove')
          .dispatchEvent('click', undefined, { timeout: 5000 })
          .catch(() => undefined),
      ),
    );
    for (const { page } of [one, two]) {
      await expect.poll(() => taughtNames(page), { timeout: READY_MS }).toEqual(['Gate of Storms']);
    }
    expect([...one.problems, ...two.problems]).toEqual([]);
  });
});
