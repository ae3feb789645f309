// What learning a folder rests on: the plan, estimates, photos that look alike, what is left after a cut.
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { en } from '../../src/app/i18n/en.ts';
import { createFormat } from '../../src/app/i18n/format.ts';
import { zh } from '../../src/app/i18n/zh.ts';
import { timeLeft } from '../../src/app/teach/build/build-text.ts';
import { AlikeRows } from '../../src/app/teaching/building/alike-rows.ts';
import { type FileResult, settledBatches } from '../../src/app/teaching/building/build-keep.ts';
import {
  draftOf,
  keptPlan,
  problemOf,
  withLandmark,
} from '../../src/app/teaching/building/draft.ts';
import {
  copyBytes,
  PhotoTimes,
  roomNeeded,
  USUAL_COPY,
} from '../../src/app/teaching/building/estimates.ts';
import type { GivenFile } from '../../src/app/teaching/building/folder-files.ts';
import { kindOf, planFolder, titleOf } from '../../src/app/teaching/building/folder-plan.ts';
import { isSameFolder, pendingFiles } from '../../src/app/teaching/building/resume.ts';
import { keepPicture, PictureSizes } from '../../src/app/teaching/pictures.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';

let number = 0;
const freshStore = (): Promise<CairnStore> => openStore({ name: `folder-${number++}` });
const file = (path: string, size = 100) => ({ path, size, lastModified: 1 });

describe('the plan of a folder', () => {
  const planned = (paths: readonly string[], folders: readonly string[] = []) => {
    const { landmarks, aside } = planFolder({ files: paths.map((path) => file(path)), folders });
    return { names: landmarks.map(({ title, photos }) => `${title} ${photos}`), aside };
  };

  it('has a landmark for each folder, with what lies deeper', () => {
    const { names, aside } = planned([
      'trip/Old_Town/1.jpg',
      'trip/Old_Town/night/deep/2.JPEG',
      'trip/Gate/3.webp',
      'trip/beside.png',
    ]);
    expect(names).toEqual(['Gate 1', 'Old Town 2']);
    expect(aside).toEqual({ others: 0, hidden: 0, unreadable: 0, loose: 1, empty: [] });
  });

  it('is one landmark for a folder of photos alone, and one for each of several', () => {
    expect(planned(['Gate_of__Winds/1.jpg', 'Gate_of__Winds/2.jpg']).names).toEqual([
      'Gate of Winds 2',
    ]);
    expect(planned(['Gate/1.jpg', 'Hall/sub/2.jpg']).names).toEqual(['Gate 1', 'Hall 1']);
  });

  it('leaves aside what is no photo, hidden or unreadable, and folders without photos', () => {
    const { names, aside } = planned(
      [
        'trip/Gate/1.jpg',
        'trip/Gate/notes.txt',
        'trip/Gate/.DS_Store',
        'trip/.git/2.jpg',
        'trip/Gate/Thumbs.db',
        'trip/Gate/scan.TIF',
        'trip/Papers/list.pdf',
      ],
      ['trip', 'trip/Gate', 'trip/Papers', 'trip/Nothing', 'trip/.git'],
    );
    expect(names).toEqual(['Gate 1']);
    expect(aside).toEqual({
      others: 2,
      hidden: 3,
      unreadable: 1,
      loose: 0,
      empty: ['Papers', 'Nothing'],
    });
    expect(planned(['trip/list.txt']).names).toEqual([]);
  });

  it('reads names as people write them', () => {
    expect(titleOf('a/_Cafe\u0301_de__Flore_')).toBe('Café de Flore');
    expect(titleOf('x'.repeat(300))).toHaveLength(120);
    expect(kindOf('a/b.jpg.txt')).toBe('other');
    expect(kindOf('a/__MACOSX/b.jpg')).toBe('hidden');
  });

  it('keeps only what is ticked, and says what stands in its way', () => {
    const plan = planFolder({
      files: [file('t/A/1.jpg', 50_000), file('t/B/2.jpg', 900_000), file('t/B/3.jpg', 10)],
      folders: [],
    });
    const facts = { dim: 4, copyBytes: 60_000, left: 65_000 };
    const draft = draftOf(plan, facts);
    expect(draft.room).toEqual({ rows: 3 * 2 * (8 + 24), copies: 110_010, left: 65_000 });
    expect(problemOf(draft)).toBe('no-room');
    expect(problemOf({ ...draft, copies: false })).toBeNull();
    const fewer = withLandmark(draft, 0, { included: false }, facts);
    expect(problemOf(fewer)).toBeNull();
    expect(problemOf(withLandmark(fewer, 1, { title: '  ' }, facts))).toBe('no-name');
    expect(problemOf(withLandmark(fewer, 1, { included: false }, facts))).toBe('no-landmark');
    expect(problemOf(draftOf(plan, { ...facts, left: 10 }))).toBe('no-room-at-all');
    expect(problemOf(draftOf(plan, { ...facts, left: null }))).toBeNull();
    const kept = keptPlan(withLandmark(fewer, 1, { title: ' Bee ' }, facts));
    expect(kept.landmarks).toEqual([{ title: 'Bee' }]);
    expect(kept.files.map(({ path, landmark }) => [path, landmark])).toEqual([
      ['t/B/2.jpg', 0],
      ['t/B/3.jpg', 0],
    ]);
  });
});

describe('estimates', () => {
  it('measure small copies where there are enough of them', async () => {
    const store = await freshStore();
    const copy = (id: number) =>
      keepPicture(store, `${id}`, { blob: new Blob(['x'.repeat(30)]), name: 'x' });
    for (let id = 0; id < 7; id++) await copy(id);
    expect(await copyBytes(store)).toBe(USUAL_COPY);
    await copy(7);
    expect(await copyBytes(store)).toBe(30);
    const sizes = new PictureSizes(store);
    expect(await sizes.of(['0', '1', 'gone'])).toEqual({ missing: 1, bytes: 60 });
    expect(await sizes.of(['1', '2', '3'])).toEqual({ missing: 0, bytes: 90 });
    expect(roomNeeded([{ size: 20 }, { size: 40 }], 8, 30).copies).toBe(50);
  });

  it('tell the time that is left by the newest photos', () => {
    const pace = new PhotoTimes();
    expect(pace.left(10)).toBeNull();
    for (let i = 0; i < 30; i++) pace.add(1000);
    expect(pace.left(10)).toBe(10_000);
    for (let i = 0; i < 24; i++) pace.add(3000);
    expect(pace.left(10)).toBe(30_000);
    const f = createFormat('en');
    expect(timeLeft(null, en, f)).toBe('Estimating how long it takes');
    expect(timeLeft(59_000, en, f)).toBe('less than a minute left');
    expect(timeLeft(61_000, en, f)).toBe('about 1 minute left');
    expect(timeLeft(3 * 3_600_000, zh, createFormat('zh'))).toBe('大约还需 3 小时');
  });
});

const DIM = 64;
/** A unit vector along an axis. */
const axis = (at: number) => new Float32Array(DIM).fill(1, at, at + 1);
/** A unit vector at this cosine from the first axis. */
const at = (cosine: number) =>
  axis(0).map((_, i) => (i === 0 ? cosine : i === 1 ? Math.sqrt(1 - cosine * cosine) : 0));
const BASE = at(1);
const title = (name: string) => ({ en: name, zh: name });

describe('photos that look alike', () => {
  it('are found above the threshold, those of another landmark first', () => {
    const rows = new AlikeRows(DIM);
    const row = (id: string, owner: string) => ({ id, owner, title: title(owner) });
    for (let i = 0; i < 600; i++) rows.add(row(`far ${i}`, 'gate'), axis(3));
    rows.add(row('mine', 'gate'), at(0.98));
    expect(rows.find(at(0.3), 'gate', 0.9)).toBeNull();
    expect(rows.find(BASE, 'gate', 0.9)?.row.id).toBe('mine');
    rows.add(row('theirs', 'hall'), at(0.93));
    expect(rows.find(BASE, 'gate', 0.9)).toMatchObject({ row: { id: 'theirs' } });
    expect(rows.find(BASE, 'gate', 0.9)?.cosine).toBeCloseTo(0.93, 5);
    expect(rows.find(BASE, 'hall', 0.9)?.row.id).toBe('mine');
  });
});

describe('going on with a folder', () => {
  const given = (path: string, size = 100): GivenFile => ({
    ...file(path, size),
    open: () => Promise.reject(new Error('not asked for')),
  });

  it('leaves what is done, takes what has changed, and misses what is gone', () => {
    const planned = ['t/A/1.jpg', 't/A/2.jpg', 't/B/3.jpg'].map((path) => file(path));
    const places = (files: readonly GivenFile[]) =>
      pendingFiles(planned, new Set([0]), files).map(({ place, file: one }) => [place, one?.path]);
    expect(places([given('t/A/1.jpg'), given('t/A/2.jpg'), given('t/B/3.jpg')])).toEqual([
      [1, 't/A/2.jpg'],
      [2, 't/B/3.jpg'],
    ]);
    expect(places([given('t/A/1.jpg', 7), given('t/A/2.jpg')])).toEqual([
      [0, 't/A/1.jpg'],
      [1, 't/A/2.jpg'],
      [2, undefined],
    ]);
    expect(places([given('moved/A/2.jpg')])[0]).toEqual([1, 'moved/A/2.jpg']);
    expect(isSameFolder(pendingFiles(planned, new Set([0]), [given('x/y.jpg')]))).toBe(false);
    expect(isSameFolder([])).toBe(true);
  });

  it('does not count a newest batch whose photos never came into the collection', () => {
    const taught = (place: number, id: string): FileResult => ({ place, at: 'taught', id });
    const batches = [[taught(0, 'a')], [taught(1, 'b'), { place: 2, at: 'gone' as const }]];
    expect(settledBatches(batches, new Set(['a', 'b']))).toHaveLength(2);
    expect(settledBatches(batches, new Set(['a']))).toHaveLength(1);
    // Removed by the user since: an older batch is never done again.
    expect(settledBatches(batches, new Set(['b']))).toHaveLength(2);
    expect(settledBatches([[{ place: 0, at: 'gone' }]], new Set())).toHaveLength(1);
  });
});
