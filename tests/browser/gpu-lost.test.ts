// A graphics card that is lost in the middle of each thing that the page computes on it: the work goes on by WASM, and
// the page says so.
import type { Browser, BrowserContext, Page, Worker } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launch } from './harness/browser.ts';
import { DRAWN_SITE, sceneLabel, scenePng, VERIFIED } from './harness/drawn-site.ts';
import {
  openReady,
  READY_MS,
  recognise,
  tuningAt,
  type Upload,
  upload,
} from './harness/visitor.ts';
import { beforeWorker, WITHOUT_SERVICE_WORKER, type WorkerKind } from './harness/worker-prelude.ts';

const SITE = `${DRAWN_SITE}/`;

/** Software adapters are refused, rightly: this one says that it is a card, and can be pulled out. */
const CARD = `const info = { vendor: 'a test', architecture: 'card', device: '', description: '' };
Object.defineProperty(GPUAdapter.prototype, 'info', { get: () => info });
const { requestDevice } = GPUAdapter.prototype;
globalThis.devices = [];
GPUAdapter.prototype.requestDevice = async function (...given) {
  const device = await requestDevice.apply(this, given);
  globalThis.devices.push(device);
  return device;
};
const { submit } = GPUQueue.prototype;
GPUQueue.prototype.submit = function (...given) {
  submit.apply(this, given);
  if (globalThis.pullAtWork) for (const device of globalThis.devices) device.destroy();
};`;

let browser: Browser;
let context: BrowserContext;
beforeAll(async () => {
  browser = await launch({ webgpu: 'software' });
});
afterAll(() => browser?.close());
beforeEach(async () => {
  context = await browser.newContext({ locale: 'en-GB' });
  await context.addInitScript(WITHOUT_SERVICE_WORKER);
});
afterEach(() => context.close());

function workerOf(page: Page, kind: WorkerKind): Worker {
  const worker = page.workers().find((one) => one.url().includes(`/${kind}-`));
  if (!worker) throw new Error(`No worker is a ${kind}`);
  return worker;
}

/** Takes the devices of a worker away, and says how many it had. */
function pullOut(page: Page, kind: WorkerKind): Promise<number> {
  return workerOf(page, kind).evaluate(() => {
    const { devices } = globalThis as unknown as { devices: GPUDevice[] };
    for (const device of devices) device.destroy();
    return devices.length;
  });
}

/** They go as soon as they are given something to compute. */
async function pullOutAtWork(page: Page, kind: WorkerKind): Promise<void> {
  const devices = await workerOf(page, kind).evaluate(() => {
    const scope = globalThis as unknown as { devices: GPUDevice[]; pullAtWork: boolean };
    scope.pullAtWork = true;
    return scope.devices.length;
  });
  expect(devices).toBeGreaterThan(0);
}

const views = (scene: number, numbers: readonly number[]): Promise<Upload[]> =>
  Promise.all(
    numbers.map(async (view) => upload(`${scene}-${view}.png`, await scenePng(scene, view))),
  );

const notices = (page: Page) =>
  page
    .getByTestId('notice')
    .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset.id));

test('while photos are encoded: each gets its verdict', async () => {
  await context.route('**/loftr-lite0.safetensors', (route) => route.abort());
  await beforeWorker(context, ['encoder'], CARD);
  const { page } = await openReady(context, SITE);
  const strip = page.getByTestId('engine-status');
  // Until it has given up on the matcher it speaks of that.
  const said = () => expect.poll(() => strip.textContent(), { timeout: READY_MS });
  await said().toContain('WebGPU');
  const lost = pullOut(page, 'encoder');
  // Those of the collection without views to match: quick.
  const asked = [2, 3, 4];
  const photos = (await Promise.all(asked.map((scene) => views(scene, [7])))).flat();
  const items = await recognise(page, photos);
  expect(await lost).toBeGreaterThan(0);
  expect(items.map(({ label }) => label)).toEqual(asked.map(sceneLabel));
  expect(await notices(page)).toContain('self-test-failed');
  await said().toContain('WASM');
});

test('while photos are matched: each gets its verdict and its proof', {
  timeout: 600_000,
}, async () => {
  await beforeWorker(context, ['matcher'], CARD);
  const { page } = await openReady(context, SITE);
  // Software compiles and tries every shape that matching needs, one to two minutes long.
  const preparing = page.getByTestId('engine-preparing');
  await preparing.waitFor({ timeout: READY_MS });
  await preparing.waitFor({ state: 'detached', timeout: 400_000 });
  const [photo] = await views(VERIFIED[0]!, [7]);
  await pullOutAtWork(page, 'matcher');
  const items = await recognise(page, [photo!]);
  expect(items).toMatchObject([{ label: sceneLabel(VERIFIED[0]!) }]);
  await page.getByTestId('matched-points').waitFor({ state: 'attached' });
  expect(await notices(page)).toEqual(['self-test-failed']);
});

test('while tuning: what was kept is gone on with', async () => {
  await context.route('**/loftr-lite0.safetensors', (route) => route.abort());
  await beforeWorker(context, ['trainer'], CARD);
  const { page } = await openReady(context, SITE);
  await page.getByTestId('nav-teach').click();
  await page.getByTestId('teach-name').fill('Gate of Winds');
  await page.getByTestId('teach-files').setInputFiles(await views(23, [1, 2, 3]));
  await page.getByTestId('teach-start').click();
  await page.locator('[data-testid=lesson][data-state=over]').waitFor({ timeout: READY_MS });
  const at = (state: string) => tuningAt(page, state);
  await page.getByTestId('tuning-start').click();
  await at('running');
  const panel = page.getByTestId('tuning');
  await expect.poll(() => panel.textContent(), { timeout: READY_MS }).toContain('WebGPU');
  await page.getByTestId('curves').locator('circle').nth(3).waitFor({ timeout: READY_MS });
  expect(await pullOut(page, 'trainer')).toBeGreaterThan(0);
  await at('failed');
  await expect.poll(() => page.getByTestId('tuning-failed').textContent()).toContain('graphics');
  await page.getByTestId('tuning-resume-saved').click();
  await at('running');
  await expect.poll(() => panel.textContent(), { timeout: READY_MS }).toContain('WASM');
});
