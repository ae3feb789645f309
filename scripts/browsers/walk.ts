// The walk: what a visitor does on a first visit and on a second without a network, the same in every browser.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { PLACES } from '../../src/app/shell/router.ts';
import {
  otherPng,
  sceneLabel,
  scenePng,
  VERIFIED,
} from '../../tests/browser/harness/drawn-site.ts';
import { ROOT } from '../document.ts';
import { type Driver, type InPage, PATIENCE_MS } from './driver.ts';
import * as inPage from './in-page.ts';

const FIXTURES = join(ROOT, 'tests/fixtures/photos');
const TYPES: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.bmp': 'image/bmp',
  '.gif': 'image/gif',
  '.heic': 'image/heic',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
};
/** One whose references can be matched, and one without. */
const [MATCHED, UNMATCHED] = [VERIFIED[0] ?? 0, 2];
/** A scene that the collection lacks. */
const NEW_SCENE = 23;
const NEW_NAME = 'Gate of Winds';

export interface StepOutcome {
  readonly step: string;
  readonly ms: number;
  /** Why it failed; null where it went well. */
  readonly problem: string | null;
}

export interface WalkOutcome {
  readonly browser: string;
  readonly platform: Readonly<Record<string, boolean>>;
  readonly steps: readonly StepOutcome[];
  /** What became of each photo of tests/fixtures/photos. */
  readonly photos: readonly inPage.SeenPhoto[];
}

export interface WalkOptions {
  readonly address: string;
  /** Folder for pictures of the page. */
  readonly out: string;
  readonly prefix: string;
  /** Takes the host away, for good. */
  readonly hangUp: () => Promise<void>;
}

/** Steps after one that failed are tried all the same: each says something of its own. */
export async function walk(driver: Driver, options: WalkOptions): Promise<WalkOutcome> {
  const steps: StepOutcome[] = [];
  const visitor = new Visitor(driver);
  let photos: readonly inPage.SeenPhoto[] = [];
  const step = async (name: string, work: () => Promise<void>) => {
    const began = performance.now();
    let problem: string | null = null;
    try {
      await work();
      const errors = await driver.evaluate(inPage.uncaughtErrors);
      if (errors.length > 0) problem = `uncaught: ${errors.join('; ')}`;
      const told = await driver.evaluate(inPage.notices);
      if (told.length > 0) problem = `the page tells of ${told.join()}`;
    } catch (thrown) {
      problem = thrown instanceof Error ? thrown.message : String(thrown);
    }
    steps.push({ step: name, ms: Math.round(performance.now() - began), problem });
    process.stderr.write(`${options.prefix}: ${name}: ${problem ?? 'well'}\n`);
    const file = `${options.prefix}-${name.replaceAll(' ', '-')}.png`;
    await writeFile(join(options.out, file), await driver.screenshot());
  };

  await driver.open(options.address);
  await driver.evaluate(inPage.watchErrors);
  await step('first visit', () => visitor.ready());
  const platform = await driver.evaluate(inPage.platform);
  await step('recognise', () => visitor.recogniseScenes());
  await step('every kind of photo', async () => {
    photos = await visitor.recognise([...(await fixtures()), await largeAndTurned()]);
  });
  await step('teach', () => visitor.teach());
  await step('tune', () => visitor.tune());
  await step('every place in both languages', () => visitor.lookAround());
  await step('kept for offline', () => visitor.kept());
  await options.hangUp();
  await step('second visit without a network', async () => {
    await driver.open(options.address);
    await driver.evaluate(inPage.watchErrors);
    await visitor.ready();
    await visitor.recogniseScenes();
    await visitor.recogniseTaught();
  });
  return { browser: driver.name, platform, steps, photos };
}

class Visitor {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  async ready(): Promise<void> {
    await this.#appear('[data-testid=engine-status]', 'data-state', 'ready');
  }

  async recognise(files: readonly inPage.GivenFile[]): Promise<readonly inPage.SeenPhoto[]> {
    await this.#go('recognize');
    await this.#appear('[data-testid=file-input]');
    if (await this.#run(inPage.textOf, '[data-testid=clear-all]')) {
      await this.#run(inPage.press, 'clear-all');
    }
    await this.#run(inPage.give, 'file-input', files);
    const names = files.map(({ name }) => name);
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end) {
      const seen = await this.#run(inPage.seenPhotos, names);
      if (seen) return seen;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error('Some photos are neither done nor failed.');
  }

  async recogniseScenes(): Promise<void> {
    const [matched, unmatched, other] = await this.recognise([
      png('matched', await scenePng(MATCHED, 7)),
      png('unmatched', await scenePng(UNMATCHED, 7)),
      png('other', await otherPng(5)),
    ]);
    expectLabel(matched, sceneLabel(MATCHED));
    expectLabel(unmatched, sceneLabel(UNMATCHED));
    expectLabel(other, null);
    await this.#appear('[data-testid=matched-points]');
  }

  async teach(): Promise<void> {
    await this.#go('teach');
    await this.#appear('[data-testid=teach-name]');
    await this.#run(inPage.type, 'teach-name', NEW_NAME);
    const views = [1, 2, 3].map(async (view) =>
      png(`own-${view}`, await scenePng(NEW_SCENE, view)),
    );
    await this.#run(inPage.give, 'teach-files', await Promise.all(views));
    await this.#appear('[data-testid=teach-start]:not([aria-disabled=true], [disabled])');
    await this.#run(inPage.press, 'teach-start');
    await this.#appear('[data-testid=lesson]', 'data-state', 'over');
    await this.#appear('[data-testid=taught-landmark]', 'data-photos', '3');
    await this.recogniseTaught();
  }

  async recogniseTaught(): Promise<void> {
    const [seen] = await this.recognise([png('taught', await scenePng(NEW_SCENE, 9))]);
    if (!seen?.label?.startsWith('taught_')) throw new Error(`It is named ${seen?.label}.`);
  }

  async tune(): Promise<void> {
    await this.#go('teach');
    await this.#appear('[data-testid=tuning-start]');
    await this.#run(inPage.press, 'tuning-start');
    await this.#appear('[data-testid=tuning]', 'data-at', 'over');
    await this.#appear('[data-testid=curves] circle');
  }

  async lookAround(): Promise<void> {
    for (const language of ['zh-Hans', 'en']) {
      await this.#run(inPage.press, 'language-switch');
      await this.#appear('html', 'lang', language);
      for (const place of PLACES) {
        await this.#go(place);
        await this.#appear('#main h1');
      }
    }
  }

  async kept(): Promise<void> {
    await this.#go('about');
    await this.#appear('[data-testid=offline-state]', 'data-state', 'kept');
  }

  async #go(place: string): Promise<void> {
    await this.#run(inPage.press, `nav-${place}`);
    await this.#appear(`[data-testid=nav-${place}][aria-current]`);
  }

  #run<A extends readonly unknown[], T>(run: InPage<A, T>, ...args: A): Promise<T> {
    return this.#driver.evaluate(run, ...args);
  }

  async #appear(selector: string, attribute?: string, ...values: string[]): Promise<void> {
    await this.#run(inPage.appear, selector, attribute ? [attribute, values] : null, PATIENCE_MS);
  }
}

function expectLabel(seen: inPage.SeenPhoto | undefined, label: string | null): void {
  if (seen?.state === 'done' && seen.label === label) return;
  throw new Error(`${seen?.name}: ${seen?.label ?? seen?.error} in the place of ${label}.`);
}

function png(name: string, bytes: Buffer): inPage.GivenFile {
  return { name: `${name}.png`, type: 'image/png', base64: bytes.toString('base64') };
}

/** More pixels than are decoded, and to be turned: browsers do both in one. */
async function largeAndTurned(): Promise<inPage.GivenFile> {
  const large = sharp(await scenePng(UNMATCHED, 7)).resize(6000, 4000, { fit: 'fill' });
  const turned = await large.withMetadata({ orientation: 6 }).jpeg().toBuffer();
  return { name: 'large-and-turned.jpg', type: 'image/jpeg', base64: turned.toString('base64') };
}

async function fixtures(): Promise<inPage.GivenFile[]> {
  const names = (await readdir(FIXTURES)).filter((name) => extname(name) in TYPES).toSorted();
  return Promise.all(
    names.map(async (name) => ({
      name,
      type: TYPES[extname(name)] ?? '',
      base64: await readFile(join(FIXTURES, name), 'base64'),
    })),
  );
}
