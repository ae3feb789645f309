// Learning a folder at work, without a browser: batches, choices, pauses, full storage, going on after a cut.
import 'fake-indexeddb/auto';
import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { en } from '../../src/app/i18n/en.ts';
import { createFormat } from '../../src/app/i18n/format.ts';
import { announcement } from '../../src/app/teach/build/build-text.ts';
import { BuildKeep } from '../../src/app/teaching/building/build-keep.ts';
import type { BuildLibrary, LandmarkLot } from '../../src/app/teaching/building/build-library.ts';
import { createBuilder } from '../../src/app/teaching/building/builder.ts';
import type { Building, BuildState } from '../../src/app/teaching/building/building.ts';
import type { GivenFolder } from '../../src/app/teaching/building/folder-files.ts';
import type { TaughtLandmark } from '../../src/app/teaching/teaching.ts';
import { CairnError } from '../../src/errors.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import type { TaughtLabel } from '../../src/retrieval/taught-collection.ts';

let number = 0;
const freshStore = (): Promise<CairnStore> => openStore({ name: `folder-run-${number++}` });
const file = (path: string, size = 100) => ({ path, size, lastModified: 1 });

const DIM = 64;
/** A unit vector along an axis. */
const axis = (at: number) => new Float32Array(DIM).fill(1, at, at + 1);
/** A unit vector at this cosine from the first axis. */
const at = (cosine: number) =>
  axis(0).map((_, i) => (i === 0 ? cosine : i === 1 ? Math.sqrt(1 - cosine * cosine) : 0));
const title = (name: string) => ({ en: name, zh: name });

/** A library whose photos' content says what they look like: `id cosine`. */
function scripted() {
  const landmarks = signal<readonly TaughtLandmark[]>([]);
  let labels: TaughtLabel[] = [];
  const added: LandmarkLot[][] = [];
  const script = { full: false, described: 0, onDescribe: (_count: number) => {} };
  const library: BuildLibrary = {
    landmarks,
    known: [],
    read: async ({ name, blob }) => {
      const text = await blob.text();
      return { id: text.split(' ')[0]!, name, blob, bytes: new Uint8Array(0) };
    },
    describe: async ({ id, name, blob }) => {
      script.onDescribe(++script.described);
      const [, cosine] = (await blob.text()).split(' ');
      if (cosine === 'broken') throw new CairnError('photo-corrupt', 'broken', 'none');
      const embedding = cosine?.startsWith('#')
        ? axis(Number(cosine.slice(1)))
        : at(Number(cosine));
      return { id, embedding, picture: { blob, name } };
    },
    stored: async () => labels,
    add: async (lots, without = new Set()) => {
      if (script.full) throw new CairnError('storage-full', 'full', 'make room');
      added.push([...lots]);
      labels = labels.map((one) => ({
        ...one,
        photos: one.photos.filter(({ id }) => !without.has(id)),
      }));
      for (const { title: name, photos } of lots) {
        const facts = { label: name, title: title(name), country: null, lat: null, lon: null };
        const old = labels.find((one) => one.facts.label === name);
        if (old)
          labels = labels.with(labels.indexOf(old), { ...old, photos: [...old.photos, ...photos] });
        else labels.push({ facts: { ...facts, wikidata: null }, photos });
      }
      landmarks.value = labels.map(({ facts, photos }) => ({
        facts,
        note: '',
        photos,
        known: false,
      }));
    },
  };
  const ids = () => labels.map(({ facts, photos }) => [facts.label, photos.map(({ id }) => id)]);
  return { library, script, added, ids };
}

function folderOf(files: Readonly<Record<string, string>>): GivenFolder {
  return {
    files: Object.entries(files).map(([path, content]) => ({
      ...file(path, content.length),
      open: async () => new File([content], path.split('/').at(-1)!),
    })),
    folders: [],
    handles: [],
  };
}

/** Photos that have nothing in common. */
const many = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `t/Gate/${String(i).padStart(3, '0')}.jpg`,
      `id${i} #${i}`,
    ]),
  );

const is = (building: Building, wanted: BuildState['at']) =>
  vi.waitFor(() => expect(building.state.value.at).toBe(wanted), { timeout: 5000 });
const runOf = (building: Building) => {
  const { value } = building.state;
  if (!('run' in value)) throw new Error(`It is ${value.at}.`);
  return value.run;
};

describe('learning a folder', () => {
  beforeEach(() => {
    let created = 0;
    vi.spyOn(URL, 'createObjectURL').mockImplementation(() => `blob:${++created}`);
    vi.spyOn(URL, 'revokeObjectURL').mockImplementation(() => undefined);
    vi.stubGlobal('navigator', {});
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  const builderFor = (store: CairnStore, { library }: ReturnType<typeof scripted>) =>
    createBuilder(async () => ({ store, library, dim: DIM }));

  it('tells what became of each file, and takes what looks alike by choice', async () => {
    const store = await freshStore();
    const script = scripted();
    const building = builderFor(store, script);
    await building.give(async () =>
      folderOf({
        't/Gate/1.jpg': 'a 1',
        't/Gate/2.jpg': 'b 0.99',
        't/Gate/3.jpg': 'a 1',
        't/Gate/4.jpg': 'c broken',
        't/Hall/5.jpg': 'd 0.2',
        't/Hall/6.jpg': 'e 0.95',
      }),
    );
    expect(announcement(building.state.value, en, createFormat('en'))).toContain('6 photos');
    await building.start();
    await is(building, 'over');
    const { tally, alike, others } = runOf(building);
    expect(tally).toEqual({ taught: 2, duplicate: 1, alike: 2, failed: 1, gone: 0 });
    expect(alike.map(({ id, conflict, other }) => [id, conflict, other.id])).toEqual([
      ['e', true, 'a'],
      ['b', false, 'a'],
    ]);
    expect(others.map(({ path, result }) => [path, result.at])).toEqual([
      ['t/Gate/3.jpg', 'duplicate'],
      ['t/Gate/4.jpg', 'failed'],
    ]);
    expect(script.ids()).toEqual([
      ['Gate', ['a']],
      ['Hall', ['d']],
    ]);
    // Another folder waits for the choice, which waits for the next visit.
    expect(await building.give(async () => folderOf({}))).toBe(false);
    const next = builderFor(store, script);
    await next.look();
    await is(next, 'over');
    await next.decide(new Map([['e', 'instead']]));
    expect(script.ids()).toEqual([
      ['Gate', []],
      ['Hall', ['d', 'e']],
    ]);
    expect(runOf(next)).toMatchObject({ tally: { taught: 3, alike: 1 }, alike: [] });
    expect(await store.listValues('taught/build/')).toEqual([]);
  });

  it('asks only for what is left where the page went while a choice was stored', async () => {
    const store = await freshStore();
    const script = scripted();
    const building = builderFor(store, script);
    await building.give(async () =>
      folderOf({ 't/A/1.jpg': 'a 1', 't/A/2.jpg': 'b 0.99', 't/B/3.jpg': 'c 0.98' }),
    );
    await building.start();
    const remove = vi.spyOn(store, 'deleteValue').mockRejectedValue(new Error('gone'));
    await building.decide(new Map([['b', 'keep']]));
    expect(building.state.value).toMatchObject({ at: 'over', error: { code: 'internal' } });
    remove.mockRestore();
    const next = builderFor(store, script);
    await next.look();
    expect(runOf(next).alike.map(({ id }) => id)).toEqual(['c']);
    expect(runOf(next).tally).toMatchObject({ taught: 2, alike: 1 });
  });

  it('writes in batches, pauses, and goes on in another visit with what is not done', async () => {
    const store = await freshStore();
    const script = scripted();
    const building = builderFor(store, script);
    const folder = folderOf(many(40));
    script.script.onDescribe = (count) => {
      if (count === 19) building.pause();
    };
    await building.give(async () => folder);
    await building.start();
    await is(building, 'paused');
    const { settled } = runOf(building);
    expect(settled).toBe(19);
    expect(script.added.map((lots) => lots[0]!.photos.length)).toEqual([16, 3]);

    // The page goes; the next visit is given the folder again.
    const described = script.script.described;
    const next = builderFor(store, script);
    await next.look();
    expect(next.state.value).toMatchObject({ at: 'interrupted', run: { settled, total: 40 } });
    await next.give(async () => folderOf({ 'other/x.jpg': 'x 1' }));
    expect(next.state.value).toMatchObject({ at: 'interrupted', problem: 'other-folder' });
    await next.give(async () => folder);
    await is(next, 'over');
    expect(runOf(next).settled).toBe(40);
    expect(script.script.described - described).toBe(40 - settled);
  });

  it('does a batch again that was noted but never added', async () => {
    const store = await freshStore();
    const script = scripted();
    const building = builderFor(store, script);
    const folder = folderOf({ 't/Gate/1.jpg': 'a 1', 't/Gate/2.jpg': 'b 0.1' });
    await building.give(async () => folder);
    script.script.full = true;
    await building.start();
    expect(building.state.value).toMatchObject({ at: 'paused', error: { code: 'storage-full' } });
    expect(await new BuildKeep(store).read()).toMatchObject({
      batches: [[{ id: 'a' }, { id: 'b' }]],
    });
    // As if the page had died there.
    script.script.full = false;
    const next = builderFor(store, script);
    await next.look();
    expect(next.state.value).toMatchObject({ at: 'interrupted', run: { settled: 0 } });
    await next.give(async () => folder);
    await is(next, 'over');
    expect(script.ids()).toEqual([['Gate', ['a', 'b']]]);
  });

  it('keeps photos without copies once told so, when there is no room', async () => {
    const script = scripted();
    const building = builderFor(await freshStore(), script);
    await building.give(async () => folderOf({ 't/Gate/1.jpg': 'a 1' }));
    script.script.full = true;
    await building.start();
    await building.keepCopies(false);
    script.script.full = false;
    await building.resume();
    await is(building, 'over');
    expect(script.added[0]![0]!.photos[0]!.picture).toBeNull();
    expect(runOf(building).tally.taught).toBe(1);
  });

  it('stops where what was described cannot be written, without claiming it', async () => {
    const store = await freshStore();
    const script = scripted();
    const building = builderFor(store, script);
    await building.give(async () => folderOf({ 't/Gate/1.jpg': 'a 1' }));
    script.script.full = true;
    await building.start();
    await building.stop();
    expect(building.state.value).toMatchObject({ at: 'over', run: { tally: { taught: 0 } } });
    await building.dismiss();
    expect(await store.listValues('taught/build/')).toEqual([]);
  });

  it('says so when another tab is at it', async () => {
    const script = scripted();
    const building = builderFor(await freshStore(), script);
    vi.stubGlobal('navigator', {
      locks: {
        request: async (_name: string, _how: object, work: (lock: null) => void) => work(null),
      },
    });
    await building.give(async () => folderOf({ 't/Gate/1.jpg': 'a 1' }));
    await building.start();
    expect(building.state.value.at).toBe('elsewhere');
    expect(script.script.described).toBe(0);
  });
});
