// Real photos that nothing was trained on or chosen by, dropped on the page with its own collection.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ListedPhoto, readManifests } from '../../src/cli/photo-list.ts';
import { seededRandom } from '../../src/random.ts';
import { launch } from './harness/browser.ts';
import { openReady, recognise, type Upload } from './harness/visitor.ts';

const MANIFEST = resolve(import.meta.dirname, '../../../shared/data/manifest.csv');
const present = existsSync(MANIFEST);
if (!present) console.log('skipped: ../shared/data is absent, no real photos to recognise');

const SEED = 2026;
const EACH = 20;

/** `EACH` photos drawn without replacement. */
function draw(photos: readonly ListedPhoto[], seed: number): ListedPhoto[] {
  const random = seededRandom(seed);
  const pool = [...photos].sort((a, b) => (a.path < b.path ? -1 : 1));
  return Array.from({ length: EACH }, () => pool.splice(Math.floor(random() * pool.length), 1)[0]!);
}

describe.skipIf(!present)('photos of the query split', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  test('of 20 landmarks at least 12 are named right, of 20 other photos 18 refused', async () => {
    const queries = (await readManifests([MANIFEST])).filter((p) => p.split === 'query');
    const landmarks = draw(
      queries.filter((p) => p.label !== ''),
      SEED,
    );
    const others = draw(
      queries.filter((p) => p.kind.startsWith('nonlandmark')),
      SEED,
    );
    const uploads = await Promise.all(
      [...landmarks, ...others].map(
        async (photo, i): Promise<Upload> => ({
          name: `photo-${i}-.jpg`,
          mimeType: 'image/jpeg',
          buffer: await readFile(photo.file),
        }),
      ),
    );
    const context = await browser.newContext();
    const { page, problems } = await openReady(context, '');
    const items = await recognise(page, uploads);
    const right = landmarks.filter((photo, i) => items[i]!.label === photo.label).length;
    const refused = items.slice(EACH).filter((item) => item.kind !== 'landmark').length;
    console.log(`named right: ${right} of ${EACH}; refused: ${refused} of ${EACH}`);
    expect(right).toBeGreaterThanOrEqual(12);
    expect(refused).toBeGreaterThanOrEqual(18);
    expect(problems).toEqual([]);
    await context.close();
  });
});
