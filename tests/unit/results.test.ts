// Results to take away: files for programs and spreadsheets, and the layout of a picture.
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFormat } from '../../src/app/i18n/format.ts';
import type { Queue } from '../../src/app/recognize/queue-state.ts';
import {
  type CaptionTexts,
  cut,
  LONGEST,
  layoutCaption,
  wrap,
} from '../../src/app/results/caption.ts';
import { captionTexts } from '../../src/app/results/caption-texts.ts';
import { bestMatched, matchedLines } from '../../src/app/results/matched.ts';
import {
  csvTable,
  fileName,
  jsonFile,
  jsonLines,
  resultsOf,
} from '../../src/app/results/result-files.ts';
import { resultOf, type VerifiedReference } from '../../src/verdict.ts';
import { MESSAGES } from './all-messages.ts';
import { verdictOf } from './app-verdict.ts';
import { KNOWN, TOWER } from './history-entries.ts';

const tower = resultOf('IMG_1.jpg', verdictOf(TOWER));

const item = (name: string) => ({
  id: 1,
  name,
  blob: new Blob(),
  url: '',
  copied: false,
  size: null,
  country: null,
});
const error = { code: 'photo-corrupt', message: 'It is damaged.', remedy: 'Open it.' } as const;
const queue: Queue = [
  { ...item('IMG_1.jpg'), at: { state: 'done', verdict: verdictOf(TOWER), elapsed: 5 } },
  { ...item('bad.jpg'), at: { state: 'failed', error } },
  { ...item('waits.jpg'), at: { state: 'queued' } },
];

describe('results for programs', () => {
  it('are what the command prints, of what is done or failed', async () => {
    const results = resultsOf(queue);
    expect(results).toEqual([
      tower,
      { photo: 'bad.jpg', error: { code: 'photo-corrupt', message: 'It is damaged.' } },
    ]);
    const lines = jsonLines(results).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(results);
    expect(JSON.parse(await jsonFile(tower).text())).toEqual(tower);
    expect(tower).not.toHaveProperty('evidence');
  });
});

describe('results for spreadsheets', () => {
  const rows = (table: string): Record<string, string>[] =>
    parse(table, { bom: true, columns: true });

  it('have a row for each photo', () => {
    const table = csvTable(resultsOf(queue), KNOWN);
    expect(table.startsWith('\uFEFFphoto,kind,')).toBe(true);
    const [first, second] = rows(table);
    expect(first).toMatchObject({
      photo: 'IMG_1.jpg',
      kind: 'landmark',
      title_en: 'Eiffel Tower',
      title_zh: '埃菲尔铁塔',
      latitude: '48.85837',
      confidence: '0.96',
      candidates: 'eiffel_tower 0.8300; tokyo_tower 0.6100; nobody_knows 0.2000',
      error: '',
    });
    expect(second).toMatchObject({ photo: 'bad.jpg', kind: '', error: 'photo-corrupt' });
  });

  it('keep any name, and run none as a formula', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 }),
        (names) => {
          const table = csvTable(
            names.map((name) => resultOf(name, verdictOf(TOWER))),
            KNOWN,
          );
          const read = rows(table).map(({ photo }) => photo ?? '');
          expect(read.map((name) => name.replace(/^'(?='*[=+\-@\t\r])/, ''))).toEqual(names);
          for (const name of read) expect(name).not.toMatch(/^[=+\-@\t\r]/);
        },
      ),
    );
  });
});

describe('the name of a file', () => {
  it('is the photo’s, without what file systems refuse', () => {
    expect(fileName('IMG_1.JPG', 'jpg')).toBe('IMG_1-cairn.jpg');
    expect(fileName('a/b\\c:d?.tar.gz', 'json')).toBe('a_b_c_d_.tar-cairn.json');
    expect(fileName('.jpg', 'json')).toBe('photo-cairn.json');
    expect(fileName('埃菲尔铁塔.png', 'jpg')).toBe('埃菲尔铁塔-cairn.jpg');
    expect(fileName(`${'x'.repeat(300)}.png`, 'jpg')).toHaveLength(80 + '-cairn.jpg'.length);
  });
});

/** Every letter as wide as half its size, Chinese ones as wide as their size. */
const measure = (text: string, size: number) =>
  [...text].reduce((sum, letter) => sum + size * (/\p{Script=Han}/u.test(letter) ? 1 : 0.5), 0);

describe('a picture to save', () => {
  it('says what the page says', () => {
    const wording = {
      language: 'en',
      messages: MESSAGES.en,
      format: createFormat('en'),
      labels: KNOWN,
    } as const;
    expect(captionTexts(verdictOf(TOWER), wording)).toEqual({
      title: 'Eiffel Tower',
      other: '埃菲尔铁塔 · France',
      confidence: 'Very sure, 96%',
      brand: 'Cairn',
    });
    expect(captionTexts(verdictOf({ kind: 'unlisted' }), wording).other).toBeNull();
  });

  it('is never too large, never enlarges the photo, and has all its texts inside', () => {
    const words = fc.string({ unit: fc.constantFrom('a', 'W', ' ', '塔', '-'), maxLength: 200 });
    fc.assert(
      fc.property(
        fc.record({
          width: fc.integer({ min: 1, max: 20_000 }),
          height: fc.integer({ min: 1, max: 20_000 }),
        }),
        fc.record({
          title: words,
          other: fc.option(words),
          confidence: words,
          brand: fc.constant('Cairn'),
        }),
        (photo, texts: CaptionTexts) => {
          const {
            width,
            height,
            photo: shown,
            texts: written,
            mark,
          } = layoutCaption(photo, texts, measure);
          expect(Math.max(width, height)).toBeLessThanOrEqual(LONGEST);
          expect(shown.width).toBeLessThanOrEqual(photo.width);
          expect(shown.height).toBeLessThanOrEqual(photo.height);
          // Sides of whole pixels: of a line of a few pixels no ratio is left.
          if (Math.min(shown.width, shown.height) >= 10) {
            const ratio = shown.width / shown.height / (photo.width / photo.height);
            expect(Math.abs(Math.log(ratio))).toBeLessThan(0.11);
          }
          for (const { text, x, baseline, size } of written) {
            expect(x).toBeGreaterThanOrEqual(0);
            expect(x + measure(text, size)).toBeLessThanOrEqual(width + 1e-6);
            expect(baseline - size).toBeGreaterThanOrEqual(shown.height);
            expect(baseline + 0.25 * size).toBeLessThanOrEqual(height);
          }
          expect(mark.x).toBeGreaterThan(0);
          expect(mark.y + mark.height).toBeLessThanOrEqual(height);
        },
      ),
    );
  });

  it('breaks a long title between words or Chinese characters, and cuts the rest', () => {
    const fits = (line: string) => line.length <= 10;
    expect(wrap('Palace of the Popes', 2, fits)).toEqual(['Palace of', 'the Popes']);
    expect(wrap('Palace of the Popes in Avignon', 2, fits)).toEqual(['Palace of', 'the Popes…']);
    expect(wrap('天下第一关山海关长城遗址公园', 2, fits)).toEqual([
      '天下第一关山海关长城',
      '遗址公园',
    ]);
    expect(wrap('', 2, fits)).toEqual(['']);
    expect(cut('Donaudampfschiff', fits)).toBe('Donaudamp…');
    expect(cut('x', () => false)).toBe('…');
  });
});

describe('points that agree', () => {
  const reference = (label: string, inliers: number): VerifiedReference => ({
    label,
    row: 0,
    matches: 100,
    inliers,
    points: new Float32Array([10, 20, 1, 2, 0.5, 30, 40, 3, 4, 0.9]),
    size: { width: 100, height: 100 },
    picture: null,
  });
  const withReferences = (verification: VerifiedReference[] | null) => {
    const verdict = verdictOf(TOWER);
    return { ...verdict, evidence: { ...verdict.evidence, verification } };
  };

  it('are of the leader’s best reference, the surest first, at the edges of pixels', () => {
    const best = bestMatched(
      withReferences([
        reference('eiffel_tower', 30),
        reference('eiffel_tower', 60),
        reference('tokyo_tower', 90),
      ]),
    );
    expect(best?.inliers).toBe(60);
    const lines = matchedLines(best!.points);
    expect(lines.map(({ from }) => from)).toEqual([
      [30.5, 40.5],
      [10.5, 20.5],
    ]);
  });

  it('are none where nothing was matched, or no more than chance gives', () => {
    expect(bestMatched(withReferences(null))).toBeNull();
    expect(bestMatched(withReferences([reference('eiffel_tower', 1)]))).toBeNull();
  });
});
