// The table of landmark facts, models/labels.json: its shape, its plausibility, and that it covers
// every landmark of the photo set.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { parseLabelFacts } from '../../src/cli/collections.ts';
import type { LabelFacts } from '../../src/retrieval/labels.ts';

const text = readFileSync(new URL('../../models/labels.json', import.meta.url), 'utf8');
const rows = JSON.parse(text) as unknown[];
const facts = rows as LabelFacts[];

/** Rough boxes, [south, west, north, east] in degrees, with the islands that landmarks stand on. */
const BOXES: Record<string, readonly [number, number, number, number]> = {
  AE: [22.6, 51.5, 26.1, 56.4],
  AT: [46.3, 9.5, 49.1, 17.2],
  AU: [-44, 112.9, -10, 154],
  BE: [49.4, 2.5, 51.6, 6.5],
  BR: [-33.8, -74, 5.3, -34.7],
  CA: [41.6, -141.1, 83.2, -52.5],
  CL: [-56, -109.5, -17.4, -66.3], // as far west as Easter Island
  CN: [18, 73.4, 53.7, 135.1],
  CZ: [48.5, 12, 51.1, 18.9],
  DE: [47.2, 5.8, 55.1, 15.1],
  DK: [54.5, 8, 57.8, 15.3],
  EG: [21.9, 24.6, 31.8, 36.9],
  ES: [35.9, -9.4, 43.8, 4.4],
  FI: [59.7, 20.5, 70.1, 31.6],
  FR: [41.3, -5.2, 51.2, 9.6],
  GB: [49.8, -8.7, 60.9, 1.8],
  GR: [34.7, 19.3, 41.8, 28.3],
  HR: [42.3, 13.4, 46.6, 19.5],
  ID: [-11.1, 95, 6.1, 141.1],
  IE: [51.4, -10.7, 55.5, -5.9],
  IN: [6.7, 68, 35.7, 97.5],
  IT: [35.4, 6.6, 47.1, 18.6],
  JO: [29.1, 34.9, 33.4, 39.4],
  JP: [24, 122.9, 45.6, 146],
  KH: [10.4, 102.3, 14.7, 107.7],
  KR: [33, 124.6, 38.7, 131.9],
  LK: [5.9, 79.5, 9.9, 82],
  MX: [14.5, -117.2, 32.8, -86.7],
  MY: [0.8, 99.6, 7.4, 119.3],
  NL: [50.7, 3.3, 53.6, 7.3],
  NO: [57.9, 4.5, 71.3, 31.2],
  NP: [26.3, 80, 30.5, 88.3],
  PE: [-18.4, -81.4, 0, -68.6],
  PK: [23.6, 60.8, 37.1, 77.1],
  PL: [49, 14.1, 54.9, 24.2],
  PT: [36.9, -9.6, 42.2, -6.1],
  RU: [41.1, 19.6, 81.9, 180],
  SE: [55.3, 10.9, 69.1, 24.2],
  SG: [1.1, 103.6, 1.5, 104.1],
  SY: [32.3, 35.7, 37.4, 42.4],
  TH: [5.6, 97.3, 20.5, 105.7],
  TR: [35.8, 25.6, 42.2, 44.9],
  US: [24.4, -125, 49.4, -66.9],
  UZ: [37.1, 55.9, 45.6, 73.2],
  VA: [41.899, 12.445, 41.908, 12.459],
  VN: [8.4, 102.1, 23.4, 109.5],
};

/** Characters that mainland Chinese writes otherwise; a spot check against traditional spellings. */
const TRADITIONAL = /[國門廟宮聖樓園橋廣場館羅馬維爾蘭島龍長灣閣鐵劇紀紐倫達納亞薩寶廳獅莊陽與]/u;

const named = (label: string, what: string) => `${label}: ${what}`;

describe('models/labels.json', () => {
  test('is a list with one object a line, so that a diff shows which landmark changed', () => {
    expect(Array.isArray(rows)).toBe(true);
    expect(rows.length).toBeGreaterThan(0);
    const lines = text.split('\n');
    expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual(['[', ']', '']);
    const body = lines.slice(1, -2).map((line) => JSON.parse(line.replace(/,$/, '')));
    expect(body).toEqual(rows);
  });

  test('every entry has exactly the fields of LabelFacts, of the right types', () => {
    const numberOrNull = (value: unknown) => value === null || Number.isFinite(value);
    const stringOrNull = (value: unknown) => value === null || typeof value === 'string';
    for (const row of rows) {
      const entry = row as Record<string, unknown>;
      const at = String(entry.label);
      expect(Object.keys(entry), at).toEqual([
        'label',
        'title',
        'country',
        'lat',
        'lon',
        'wikidata',
      ]);
      expect(entry.label, at).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      const title = entry.title as Record<string, unknown>;
      expect(Object.keys(title), at).toEqual(['en', 'zh']);
      for (const name of Object.values(title)) {
        expect(typeof name, at).toBe('string');
        expect((name as string).length, at).toBeGreaterThan(1);
        expect((name as string).trim(), at).toBe(name);
      }
      expect(stringOrNull(entry.country), named(at, 'country')).toBe(true);
      expect(numberOrNull(entry.lat), named(at, 'lat')).toBe(true);
      expect(numberOrNull(entry.lon), named(at, 'lon')).toBe(true);
      expect(stringOrNull(entry.wikidata), named(at, 'wikidata')).toBe(true);
    }
  });

  test('labels are unique and sorted', () => {
    const labels = facts.map((fact) => fact.label);
    expect(new Set(labels).size).toBe(labels.length);
    expect(labels).toEqual([...labels].sort());
  });

  test('titles are unique; the Chinese ones are Chinese, and simplified', () => {
    expect(new Set(facts.map((fact) => fact.title.en)).size).toBe(facts.length);
    expect(new Set(facts.map((fact) => fact.title.zh)).size).toBe(facts.length);
    for (const { label, title } of facts) {
      expect(title.zh, label).toMatch(/\p{Script=Han}/u);
      expect(title.zh, label).not.toMatch(TRADITIONAL);
      expect(title.en, label).not.toMatch(/\p{Script=Han}/u);
      // A full-width bracket in Chinese, a plain one in English: a mixed one is a typing slip.
      expect(title.zh, label).not.toMatch(/[(),]/);
      expect(title.en, label).not.toMatch(/[（），]/);
    }
  });

  test('countries are ISO 3166-1 codes; only the disputed one is left open', () => {
    const regions = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
    for (const { label, country } of facts) {
      if (country === null) continue;
      expect(country, label).toMatch(/^[A-Z]{2}$/);
      expect(regions.of(country), named(label, country)).toBeTypeOf('string');
    }
    const open = facts.filter((fact) => fact.country === null).map((fact) => fact.label);
    expect(open).toEqual(['dome_of_the_rock']);
  });

  test('coordinates are both given or both missing, and in range', () => {
    for (const { label, lat, lon } of facts) {
      expect(lat === null, label).toBe(lon === null);
      if (lat === null || lon === null) continue;
      expect(Math.abs(lat), label).toBeLessThanOrEqual(90);
      expect(Math.abs(lon), label).toBeLessThanOrEqual(180);
      // (0, 0) is what a forgotten value looks like.
      expect(Math.hypot(lat, lon), label).toBeGreaterThan(1);
    }
  });

  test('each place lies in the rough box of its country', () => {
    const outside: string[] = [];
    for (const { label, country, lat, lon } of facts) {
      if (country === null || lat === null || lon === null) continue;
      const box = BOXES[country];
      expect(box, `a box for ${country}, which ${label} needs`).toBeDefined();
      const [south, west, north, east] = box!;
      if (lat < south || lat > north || lon < west || lon > east) {
        outside.push(`${label} (${lat}, ${lon}) is not in ${country}`);
      }
    }
    expect(outside).toEqual([]);
  });

  test('Wikidata ids are well formed and belong to one landmark each', () => {
    const ids = facts.map((fact) => fact.wikidata).filter((id) => id !== null);
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) expect(id).toMatch(/^Q[1-9]\d*$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('knows some landmarks by heart', () => {
    const by = new Map(facts.map((fact) => [fact.label, fact]));
    expect(by.get('eiffel_tower')).toMatchObject({ country: 'FR', wikidata: 'Q243' });
    expect(by.get('taj_mahal')).toMatchObject({ title: { zh: '泰姬陵' }, wikidata: 'Q9141' });
    expect(by.get('colosseum')).toMatchObject({ country: 'IT', wikidata: 'Q10285' });
    // One of each hemisphere: the signs.
    expect(by.get('christ_the_redeemer')!.lat).toBeCloseTo(-22.95, 1);
    expect(by.get('christ_the_redeemer')!.lon).toBeCloseTo(-43.21, 1);
    expect(by.get('sydney_opera_house')!.lon).toBeCloseTo(151.2, 1);
    expect(by.get('golden_gate_bridge')!.lon).toBeCloseTo(-122.5, 1);
  });
});

const manifest = new URL('../../../shared/data/manifest.csv', import.meta.url);
const present = existsSync(manifest);
if (!present) {
  console.log(`labels: coverage not checked, ${fileURLToPath(manifest)} is absent`);
}

describe.skipIf(!present)('against the photo set', () => {
  test('covers exactly the labels with a photo in index, train or train_extra', () => {
    const photos = parse(readFileSync(manifest), { columns: true }) as Record<string, string>[];
    const splits = new Set(['index', 'train', 'train_extra']);
    const wanted = new Set<string>();
    for (const photo of photos) {
      if (photo.label && splits.has(photo.split ?? '')) wanted.add(photo.label);
    }
    expect(wanted.size).toBeGreaterThan(0);
    expect(facts.map((fact) => fact.label)).toEqual([...wanted].sort());
  });
});

describe('facts on labels', () => {
  test('of the shipped table are all taken', () => {
    expect([...parseLabelFacts(text).keys()]).toEqual(facts.map(({ label }) => label));
  });

  test.each([
    ['no JSON', '{'],
    ['no list', '{}'],
    ['null', 'null'],
    ['a row that is none', '[null]'],
    ['a row without a label', JSON.stringify([{ ...facts[0], label: undefined }])],
    ['a label that is no text', JSON.stringify([{ ...facts[0], label: 1 }])],
    ['a title that is missing', JSON.stringify([{ ...facts[0], title: { en: 'a' } }])],
    ['a latitude that is none', JSON.stringify([{ ...facts[0], lat: 91 }])],
    ['a place of any depth', `[{"label":${'['.repeat(200_000)}${']'.repeat(200_000)}}]`],
  ])('are refused with %s', (_, given) => {
    expect(() => parseLabelFacts(given)).toThrowError(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/^.{1,300}$/) }),
    );
  });
});
