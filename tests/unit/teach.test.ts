// Teaching without a browser: the user's collection, searching two as one, lessons, and the library.
import 'fake-indexeddb/auto';
import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pathOf, roundTicks, scalesOf } from '../../src/app/teach/curve-scale.ts';
import { createLessons } from '../../src/app/teach/lesson.ts';
import type { TeachWork } from '../../src/app/teaching/teaching.ts';
import { CairnError } from '../../src/errors.ts';
import { IndexService } from '../../src/retrieval/index-service.ts';
import { openInstalled } from '../../src/retrieval/install.ts';
import type { LabelFacts } from '../../src/retrieval/labels.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import {
  readTaught,
  TAUGHT_COLLECTION,
  type TaughtLabel,
  writeTaught,
} from '../../src/retrieval/taught-collection.ts';
import { joinLabels, joinSearches } from '../../src/retrieval/taught-search.ts';
import { filesOf, HEX, headOf, loadFiles, randomUnits, rowsOf } from './retrieval-fixtures.ts';

const DIM = 16;
const HEAD = {
  encoder: { id: 'encoder-a', weightsSha256: HEX('a') },
  bank: { sha256: HEX('b') },
  dimension: DIM,
};

const facts = (label: string): LabelFacts => ({
  label,
  title: { en: label, zh: label },
  country: null,
  lat: null,
  lon: null,
  wikidata: null,
});

function labelOf(label: string, photos: number, seed: number): TaughtLabel {
  const vectors = randomUnits(photos, DIM, seed);
  return {
    facts: facts(label),
    photos: Array.from({ length: photos }, (_, i) => ({
      id: (seed * 100 + i).toString(16).padStart(32, '0'),
      embedding: vectors.slice(i * DIM, (i + 1) * DIM),
    })),
  };
}

let number = 0;
const freshStore = (): Promise<CairnStore> => openStore({ name: `teach-${number++}` });

describe("the user's collection", () => {
  it('is read as it was written, again and again', async () => {
    const store = await freshStore();
    expect(await readTaught(store)).toBeNull();
    const labels = [labelOf('gate', 4, 1), labelOf('hall', 1, 2)];
    await writeTaught(store, { head: HEAD, labels }, () => 0.25);
    const first = (await readTaught(store))!;
    expect(first.head).toEqual(HEAD);
    expect(first.labels.map(({ photos }) => photos.map(({ id }) => id))).toEqual(
      labels.map(({ photos }) => photos.map(({ id }) => id)),
    );
    expect(first.labels[0]!.facts).toMatchObject(facts('gate'));
    let again = first;
    for (let i = 0; i < 5; i++) {
      await writeTaught(store, again, () => 0.25);
      again = (await readTaught(store))!;
    }
    for (const [l, { photos }] of labels.entries()) {
      for (const [p, { embedding }] of photos.entries()) {
        const found = again.labels[l]!.photos[p]!.embedding;
        for (const [d, x] of embedding.entries()) expect(found[d]).toBeCloseTo(x, 3);
      }
    }
  });

  it('drops old shards with each new version, and itself when nothing is left', async () => {
    const store = await freshStore();
    await writeTaught(store, { head: HEAD, labels: [labelOf('gate', 2, 1)] }, () => 0);
    const [old] = (await store.getCollection(TAUGHT_COLLECTION))!.files;
    await writeTaught(store, { head: HEAD, labels: [labelOf('hall', 3, 2)] }, () => 0);
    expect(await store.hasFile(old!)).toBe(false);
    expect((await openInstalled(TAUGHT_COLLECTION, store)).collection.labels[0]!.photos).toBe(3);
    const [last] = (await store.getCollection(TAUGHT_COLLECTION))!.files;
    await writeTaught(store, { head: HEAD, labels: [] }, () => 0);
    expect(await readTaught(store)).toBeNull();
    expect(await store.hasFile(last!)).toBe(false);
  });
});

describe('two collections searched as one', () => {
  it('find what one collection of all rows finds', async () => {
    const rows = rowsOf(60, 12, DIM, 3);
    const head = headOf(12, DIM);
    const open = async (part: typeof rows) => {
      const service = new IndexService({ store: await freshStore(), graphs: 'lazy' });
      const loaded = await loadFiles(await filesOf(head, part, { dtype: 'fp16' }));
      await service.open({ kind: 'loaded', loaded });
      return service;
    };
    const [whole, first, second] = await Promise.all([
      open(rows),
      open(rows.slice(0, 45)),
      open(rows.slice(45)),
    ]);
    const places = Array.from({ length: 12 }, (_, i) => i);
    const joined = joinSearches([
      { search: first!, places },
      { search: second!, places },
    ]);
    expect(joined).toMatchObject({ dim: DIM, rows: 60 });
    for (const seed of [4, 5, 6]) {
      const query = randomUnits(1, DIM, seed);
      const options = { k: 20, vectors: 7 };
      expect(await joined.search(query, options)).toEqual(await whole!.search(query, options));
    }
    for (const service of [whole, first, second]) service!.close();
  });

  it('take equal neighbours in the order in which a part gives them, by rows or not', async () => {
    // As a database may give them: those that have an embedding come first.
    const [a, b] = [randomUnits(1, DIM, 1), randomUnits(1, DIM, 2)];
    const found = (row: number, similarity: number) => ({ row, similarity, label: 0 });
    const part = {
      dim: DIM,
      rows: 10,
      search: async () => ({
        neighbours: [found(7, 0.9), found(8, 0.8), found(2, 0.8)].map((one) => ({
          ...one,
          bankSimilarity: 0,
        })),
        vectors: Float32Array.of(...a, ...b),
        engine: 'exact' as const,
      }),
    };
    const joined = joinSearches([{ search: part, places: [0] }]);
    const { neighbours, vectors } = await joined.search(a, { k: 3, vectors: 2 });
    expect(neighbours.map(({ row }) => row)).toEqual([7, 8, 2]);
    expect(vectors).toEqual(Float32Array.of(...a, ...b));
  });

  it('count a label of both once, with the photos of both', () => {
    const count = (label: string, photos: number) => ({ ...facts(label), photos });
    const { labels, places } = joinLabels([
      [count('a', 3), count('b', 2)],
      [count('c', 1), count('a', 4)],
    ]);
    expect(labels.map(({ label, photos }) => [label, photos])).toEqual([
      ['a', 7],
      ['b', 2],
      ['c', 1],
    ]);
    expect(places).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });
});

const photos = (...names: string[]) =>
  names.map((name) => ({ name, blob: new Blob([name], { type: 'image/jpeg' }) }));

describe('lessons', () => {
  const revoked: string[] = [];
  beforeEach(() => {
    let created = 0;
    revoked.length = 0;
    vi.spyOn(URL, 'createObjectURL').mockImplementation(() => `blob:${++created}`);
    vi.spyOn(URL, 'revokeObjectURL').mockImplementation((url) => void revoked.push(url));
  });
  afterEach(() => vi.restoreAllMocks());

  it('tell what becomes of each photo, and clear the form when something was learned', async () => {
    const seen: string[] = [];
    const lessons = createLessons(
      {
        teach: async (title, _note, given, work: TeachWork = {}) => {
          expect(lessons.lesson.value?.state).toBe('running');
          for (const [place] of given.entries()) {
            work.onPhoto?.(place, { at: 'working' });
            work.onPhoto?.(place, place === 1 ? { at: 'duplicate', label: 'x' } : { at: 'taught' });
          }
          return { label: title, taught: 1 };
        },
      },
      { onOver: ({ title, taught }) => seen.push(`${title} ${taught}`) },
    );
    lessons.stage(photos('a.jpg', 'b.jpg', 'c.jpg'));
    lessons.unstage(lessons.staged.value[2]!.id);
    await lessons.start();
    expect(lessons.lesson.value).toBeNull(); // no name yet
    lessons.write(' Gate ', '');
    await lessons.start();
    expect(lessons.lesson.value).toMatchObject({ title: 'Gate', state: 'over', taught: 1 });
    expect(lessons.lesson.value!.photos.map(({ outcome }) => outcome.at)).toEqual([
      'taught',
      'duplicate',
    ]);
    expect(seen).toEqual(['Gate 1']);
    expect(lessons.staged.value).toEqual([]);
    expect(lessons.title.value).toBe('');
    expect(revoked).toHaveLength(3);
    lessons.dismiss();
    expect(lessons.lesson.value).toBeNull();
  });

  it('keep the photos when they could not be stored, and one runs at a time', async () => {
    let refuse: (reason: unknown) => void = () => undefined;
    const calls = signal(0);
    const lessons = createLessons({
      teach: () => {
        calls.value += 1;
        return new Promise((_, reject) => {
          refuse = reject;
        });
      },
    });
    lessons.write('Gate', '');
    lessons.stage(photos('a.jpg'));
    const running = lessons.start();
    await lessons.add('Hall', photos('b.jpg'));
    expect(calls.value).toBe(1);
    refuse(new CairnError('storage-full', 'full', 'make room'));
    await running;
    expect(lessons.lesson.value).toMatchObject({ state: 'over', error: { code: 'storage-full' } });
    expect(lessons.staged.value).toHaveLength(1);
    expect(lessons.title.value).toBe('Gate');
  });
});

describe('the chart', () => {
  it('has round numbers at its axes, around all points', () => {
    expect(roundTicks(0, 1)).toEqual([0, 0.5, 1]);
    expect(roundTicks(0, 3.7)).toEqual([0, 1, 2, 3, 4]);
    expect(roundTicks(0, 200)).toEqual([0, 50, 100, 150, 200]);
    expect(roundTicks(-0.3, 0.01)[0]!).toBeLessThanOrEqual(-0.3);
  });

  it('draws from left to right, more upwards', () => {
    const frame = { width: 120, height: 60, left: 10, right: 10, top: 5, bottom: 5 };
    const points = [
      [0, 0],
      [50, 1],
      [100, 0.5],
    ] as const;
    const scales = scalesOf([{ id: 'loss', points }], 100, frame);
    expect(pathOf(points, scales)).toBe('M10.0 55.0L60.0 5.0L110.0 30.0');
  });
});
