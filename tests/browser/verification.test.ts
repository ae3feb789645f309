// Geometric verification on the built page: how its matcher comes, fails, breaks down and goes, and that every
// photo gets its verdict all the same.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, sceneLabel, scenePng, VERIFIED } from './harness/drawn-site.ts';
import { openReady, READY_MS, recognise, type Upload, upload } from './harness/visitor.ts';

const WEIGHTS = '**/models/loftr-lite0.safetensors';

let browser: Browser;
let context: BrowserContext;
let photos: readonly Upload[];
beforeAll(async () => {
  browser = await launch();
  // New views of one scene of which the collection keeps something.
  photos = await Promise.all(
    [7, 8, 9].map(async (view) => upload(`view-${view}.png`, await scenePng(VERIFIED[0]!, view))),
  );
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' });
});
afterEach(() => context.close());

const notices = (page: Page) =>
  page
    .getByTestId('notice')
    .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.id).sort());

/** Which of the photos have points drawn that agree with a reference. */
async function verified(page: Page, files: readonly Upload[]): Promise<boolean[]> {
  return Promise.all(
    files.map(async ({ name }) => {
      const card = page.getByTestId('photo-item').filter({ hasText: name });
      await card.getByTestId('why').locator('summary').click();
      return (await card.getByTestId('matched-points').count()) > 0;
    }),
  );
}

/** Gives one photo more to the page that has given verdicts on `before`. */
async function another(page: Page, file: Upload, before: readonly Upload[]): Promise<void> {
  await page.getByTestId('file-input').setInputFiles([file]);
  await page.waitForFunction(
    (count) =>
      document.querySelectorAll('[data-testid=photo-item][data-state=done]').length === count,
    before.length + 1,
    { timeout: READY_MS },
  );
}

/** Notes the matcher's workers; ends the first one as soon as it is asked to verify, if told to. */
const watchMatcher = ({ kill }: { readonly kill: boolean }) => {
  const Native = Worker;
  const matchers: { alive: boolean }[] = [];
  globalThis.matchers = matchers;
  const terminate = Native.prototype.terminate;
  globalThis.Worker = class extends Native {
    readonly #state = { alive: true };
    readonly #matches: boolean;

    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.#matches = /\/matcher-/.test(String(url));
      if (this.#matches) matchers.push(this.#state);
    }

    override postMessage(message: unknown, how?: unknown): void {
      super.postMessage(message, how as Transferable[]);
      const asked = (message as { readonly path?: readonly string[] } | null)?.path?.[0];
      if (!kill || !this.#matches || matchers[0] !== this.#state || asked !== 'verify') return;
      // The worker is reading the photo by then, or matching it.
      setTimeout(() => this.terminate(), 30);
    }

    override terminate(): void {
      this.#state.alive = false;
      terminate.call(this);
    }
  };
};

declare global {
  /** Only in pages that {@link watchMatcher} runs in. */
  var matchers: readonly { readonly alive: boolean }[];
}

test('a matcher that breaks down with a photo costs that one its proof, and the next nothing', async () => {
  await context.addInitScript(watchMatcher, { kill: true });
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  const [hit, next] = photos as [Upload, Upload];
  const [first] = await recognise(page, [hit]);
  expect(first).toMatchObject({ state: 'done', label: sceneLabel(VERIFIED[0]!) });
  expect(await notices(page)).toEqual(
    expect.arrayContaining(['matcher-unavailable', 'worker-restarted']),
  );
  await another(page, next, [hit]);
  expect(await verified(page, [hit, next])).toEqual([false, true]);
  expect(await page.evaluate(() => matchers.length)).toBe(2);
});

test('while the matcher comes the page says so; without it, photos get their verdicts', async () => {
  let arrive = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  await context.route(WEIGHTS, async (route) => {
    await arrived;
    await route.abort();
  });
  const { page } = await openReady(context, `${DRAWN_SITE}/`);
  const preparing = page.getByTestId('engine-preparing');
  await preparing.waitFor({ timeout: READY_MS });
  await expect.poll(() => preparing.textContent()).toMatch(/compare details/);
  await expect
    .poll(() => page.getByTestId('engine-status').getByRole('progressbar').count())
    .toBe(1);
  arrive();
  const [without, next] = photos as [Upload, Upload];
  const [first] = await recognise(page, [without]);
  expect(first).toMatchObject({ state: 'done', label: sceneLabel(VERIFIED[0]!) });
  expect(await notices(page)).toContain('matcher-unavailable');
  await preparing.waitFor({ state: 'detached' });
  // Back online, the next photo is verified without a reload.
  await context.unroute(WEIGHTS);
  await another(page, next, [without]);
  expect(await verified(page, [without, next])).toEqual([false, true]);
});

test('an idle matcher is let go, and the next photo is verified again', async () => {
  await context.addInitScript(watchMatcher, { kill: false });
  await context.clock.install();
  const opened = await openReady(context, `${DRAWN_SITE}/`);
  await recognise(opened.page, [photos[0]!]);
  const alive = () => opened.page.evaluate(() => matchers.map((each) => each.alive));
  expect(await alive()).toEqual([true]);
  await opened.page.clock.fastForward('10:00');
  expect(await alive()).toEqual([false]);
  await another(opened.page, photos[1]!, [photos[0]!]);
  expect(await alive()).toEqual([false, true]);
  expect(await verified(opened.page, photos.slice(0, 2))).toEqual([true, true]);
  expect(await notices(opened.page)).not.toContain('worker-restarted');
  expect(opened.problems).toEqual([]);
});

test('a photo is matched with the small copies of what was taught, which are shown beside it', async () => {
  const NEW_SCENE = 23;
  const views = await Promise.all(
    [0, 1, 2, 6].map(async (view) => upload(`own-${view}.png`, await scenePng(NEW_SCENE, view))),
  );
  const { page, problems } = await openReady(context, `${DRAWN_SITE}/`);
  await page.getByTestId('nav-teach').click();
  await page.getByTestId('teach-name').fill('Gate of Winds');
  await page.getByTestId('teach-files').setInputFiles(views.slice(0, 3));
  await page.getByTestId('teach-start').click();
  await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });
  await page.getByTestId('nav-recognize').click();
  const [item] = await recognise(page, views.slice(3));
  expect(item).toMatchObject({ kind: 'landmark' });
  expect(item!.text).toContain('Gate of Winds');
  expect(await verified(page, views.slice(3))).toEqual([true]);
  const reference = page.getByTestId('matched-reference');
  await reference.waitFor();
  // As wide and high as its frame, so that lines end where they should.
  const [shown, frame] = await Promise.all([
    reference.boundingBox(),
    page.locator('.matched__frame').boundingBox(),
  ]);
  for (const side of ['x', 'y', 'width', 'height'] as const) {
    expect(Math.abs(shown![side] - frame![side])).toBeLessThan(2);
  }
  expect(problems).toEqual([]);
});
