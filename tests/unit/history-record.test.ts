// What the history keeps of a recognition, whatever becomes of it in storage, and how it is found again.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findable, findEntries, type HistoryQuery, localDay } from '../../src/app/history/find.ts';
import {
  HISTORY_KEYS,
  readEntry,
  type StoredEntry,
  storedBytes,
  storedOf,
} from '../../src/app/history/record.ts';
import { createFormat } from '../../src/app/i18n/format.ts';
import { KNOWN, someEntry } from './history-entries.ts';

describe('an entry', () => {
  it('holds the result as the command prints it, and the names of its labels', () => {
    const entry = someEntry();
    expect(entry.key.startsWith(`${HISTORY_KEYS}${entry.time}`)).toBe(true);
    expect(Object.keys(entry.result)).toEqual([
      'photo',
      'kind',
      'label',
      'confidence',
      'candidates',
      'kindProbabilities',
      'timings',
      'backend',
    ]);
    expect(entry.landmarks.map(({ title }) => title.zh)).toEqual(['埃菲尔铁塔', '东京塔']);
    // Of a collection's label its number of photos is not kept.
    expect(entry.landmarks[0]).not.toHaveProperty('photos');
    expect(KNOWN.get('eiffel_tower')).toHaveProperty('photos');
  });

  it('comes back from storage as it was', () => {
    const entry = someEntry({ thumbnail: new Blob(['picture']) });
    expect(readEntry(entry.key, storedOf(entry))).toEqual(entry);
    const refusal = someEntry({ verdict: { kind: 'not-landmark' }, photo: '' });
    expect(readEntry(refusal.key, structuredClone(storedOf(refusal)))).toEqual(refusal);
  });

  it('of a later version is left alone', () => {
    const entry = someEntry();
    expect(readEntry(entry.key, { ...storedOf(entry), version: 2, result: 'otherwise' })).toBe(
      'newer',
    );
  });

  it('is refused when damaged, and never throws', () => {
    const entry = someEntry();
    for (const value of [undefined, null, 0, 'text', [], {}, new Map(), { version: 1 }]) {
      expect(readEntry(entry.key, value)).toBe('damaged');
      expect(storedBytes(value)).toBeGreaterThanOrEqual(0);
    }
    const nameless = storedOf(entry);
    expect(readEntry(entry.key, { ...nameless, result: { ...nameless.result, label: null } })).toBe(
      'damaged',
    );
  });

  it('with anything at any place is an entry or refused', () => {
    const places = leafPaths(storedOf(someEntry()));
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.oneof(fc.anything(), fc.bigInt(), fc.constant(Symbol('no clone'))),
        (path, value) => {
          const damaged = withAt(storedOf(someEntry()), path, value);
          const read = readEntry('history/x', damaged);
          if (read === 'damaged' || read === 'newer') return;
          // What the page computes with is of its kind.
          expect(typeof read.result.photo).toBe('string');
          expect(Number.isFinite(Date.parse(read.time))).toBe(true);
          expect(read.result.confidence).toBeGreaterThanOrEqual(-1e-6);
          for (const { title } of read.landmarks) expect(typeof title.en).toBe('string');
          expect(findable([read], FORMATS)).toHaveLength(1);
          storedBytes(damaged);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('counts in bytes with its picture', () => {
    const stored = storedOf(someEntry({ thumbnail: new Blob([new Uint8Array(5000)]) }));
    expect(storedBytes(stored)).toBeGreaterThan(5000);
    expect(storedBytes(stored)).toBeLessThan(7000);
  });
});

const FORMATS = { en: createFormat('en'), zh: createFormat('zh') };

describe('finding', () => {
  const entries = [
    someEntry(),
    someEntry({ photo: 'Straße am Abend.png', verdict: { kind: 'unlisted' }, minute: 1 }),
    someEntry({ photo: 'kitchen.jpg', verdict: { kind: 'not-landmark' }, minute: 60 * 24 }),
  ];
  const list = findable(entries, FORMATS);
  const found = (query: Partial<HistoryQuery>) =>
    findEntries(list, { text: '', kind: 'all', day: '', ...query }).map(
      ({ result }) => result.photo,
    );

  it('is by name in both languages, by country, by file and by day', () => {
    expect(found({})).toHaveLength(3);
    expect(found({ text: 'eiffel' })).toEqual(['IMG_1.jpg']);
    expect(found({ text: '铁塔' })).toEqual(['IMG_1.jpg']);
    expect(found({ text: 'FRANCE tower' })).toEqual(['IMG_1.jpg']);
    expect(found({ text: '法国' })).toEqual(['IMG_1.jpg']);
    expect(found({ text: 'img_1' })).toEqual(['IMG_1.jpg']);
    expect(found({ text: 'strasse' })).toEqual(['Straße am Abend.png']);
    expect(found({ text: 'Jan 2, 2026' })).toEqual(['kitchen.jpg']);
    expect(found({ text: '2026年1月2日' })).toEqual(['kitchen.jpg']);
    expect(found({ text: '2026-01-02' })).toEqual(['kitchen.jpg']);
    expect(found({ text: 'nowhere' })).toEqual([]);
  });

  it('does not take a runner-up for the answer', () => {
    expect(found({ text: 'tokyo' })).toEqual([]);
  });

  it('is by the kind of answer and the day where the user is', () => {
    expect(found({ kind: 'unlisted' })).toEqual(['Straße am Abend.png']);
    expect(found({ day: '2026-01-01' })).toEqual(['IMG_1.jpg', 'Straße am Abend.png']);
    expect(found({ day: '2026-01-01', kind: 'not-landmark' })).toEqual([]);
    expect(localDay(new Date(2026, 8, 5, 0, 1).toISOString())).toBe('2026-09-05');
  });
});

type Path = readonly (string | number)[];

/** Of every value within, the containers included. */
function leafPaths(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  const below = Array.isArray(value)
    ? value.flatMap((child, i) => leafPaths(child, [...at, i]))
    : Object.entries(value).flatMap(([key, child]) => leafPaths(child, [...at, key]));
  return [at, ...below];
}

function withAt(entry: StoredEntry, path: Path, value: unknown): unknown {
  const [last] = path.slice(-1);
  if (last === undefined) return value;
  const copy = structuredClone(entry);
  let node = copy as unknown as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) node = node[key] as typeof node;
  node[last] = value;
  return copy;
}
