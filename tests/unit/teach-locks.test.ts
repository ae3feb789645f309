// Tabs that teach or tune at the same time: what is written under which lock.
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Library } from '../../src/app/teaching/library.ts';
import { holdIfFree, isFree } from '../../src/app/teaching/locks.ts';
import { readNotes } from '../../src/app/teaching/notes.ts';
import { keepPicture } from '../../src/app/teaching/pictures.ts';
import { CairnError } from '../../src/errors.ts';
import type { Encoder } from '../../src/inference/encoder.ts';
import { TaskQueue } from '../../src/inference/task-queue.ts';
import { parseCollection } from '../../src/retrieval/collection.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import {
  readTaught,
  TAUGHT_COLLECTION,
  tunedCollection,
  writeTaught,
} from '../../src/retrieval/taught-collection.ts';
import { HEX, randomUnits } from './retrieval-fixtures.ts';

const DIM = 16;
const HEAD = {
  encoder: { id: 'encoder-a', weightsSha256: HEX('a') },
  bank: { sha256: HEX('b') },
  dimension: DIM,
};
const PICTURE = { blob: new Blob(['copy']), name: 'a.jpg' };

/** Web Locks as browsers have them, for one page with many tabs. */
function lockManager() {
  const held = new Set<string>();
  const last = new Map<string, Promise<unknown>>();
  type Work = (lock: object | null) => unknown;
  async function request(name: string, ...given: [Work] | [{ ifAvailable?: boolean }, Work]) {
    const [options, work] = given.length === 2 ? given : [{}, given[0]];
    if (options.ifAvailable && held.has(name)) return work(null);
    const before = last.get(name);
    const turn = (async () => {
      if (!options.ifAvailable) await before?.catch(() => undefined);
      held.add(name);
      try {
        return await work({ name });
      } finally {
        held.delete(name);
      }
    })();
    last.set(name, turn);
    return turn;
  }
  return { request, held };
}

let number = 0;
let locks: ReturnType<typeof lockManager>;
beforeEach(() => {
  locks = lockManager();
  vi.stubGlobal('navigator', { locks });
  vi.stubGlobal('createImageBitmap', async () => ({ close: () => undefined }));
  vi.stubGlobal(
    'OffscreenCanvas',
    class {
      getContext = () => ({ drawImage: () => undefined });
      convertToBlob = async () => new Blob(['copy'], { type: 'image/webp' });
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

function libraryOn(store: CairnStore): Promise<Library> {
  const encoder: Encoder = {
    open: () => Promise.reject(new Error('not asked for')),
    encode: async (photo) => {
      const bytes = photo as Uint8Array;
      return {
        embedding: randomUnits(1, DIM, bytes[0]!),
        photo: { mime: 'image/jpeg', width: 4, height: 3, bytes: bytes.length },
        timings: {},
      };
    },
  };
  return Library.open({
    store,
    encoder,
    queue: new TaskQueue(),
    head: HEAD,
    bankSimilarity: () => 0,
    known: [],
    onChange: async () => undefined,
    onProblem: (thrown) => {
      throw thrown;
    },
  });
}

const photo = (first: number) => ({ name: 'a.jpg', blob: new Blob([Uint8Array.of(first)]) });

describe('the lock on what was taught', () => {
  it('is held whenever small copies come or go', async () => {
    const store = await openStore({ name: `locks-${number++}` });
    await keepPicture(store, 'nobodys', PICTURE);
    const touched: [string, boolean][] = [];
    for (const method of ['putValue', 'deleteValue'] as const) {
      const plain = store[method].bind(store) as (...given: unknown[]) => Promise<void>;
      store[method] = async (...given: unknown[]) => {
        touched.push([`${method} ${String(given[0])}`, locks.held.has('cairn-taught')]);
        await plain(...given);
      };
    }
    const library = await libraryOn(store);
    expect(touched).toEqual([['deleteValue taught/picture/nobodys', true]]);
    await library.teach('Gate', '', [photo(1), photo(2)]);
    expect(touched).toHaveLength(3);
    expect(touched.every(([, held]) => held)).toBe(true);
    expect(await store.listValues('taught/picture/')).toHaveLength(2);
  });

  it('keeps two tabs from losing what the other one adds', async () => {
    const store = await openStore({ name: `locks-${number++}` });
    const [first, second] = [await libraryOn(store), await libraryOn(store)];
    await Promise.all([
      first.teach('Gate', '', [photo(1)]),
      second.teach('Hall', '', [photo(2)]),
      libraryOn(store),
    ]);
    expect((await readTaught(store))?.labels.map(({ facts }) => facts.title.en).sort()).toEqual([
      'Gate',
      'Hall',
    ]);
    expect(await store.listValues('taught/picture/')).toHaveLength(2);
  });

  it('adds lots in one change, and takes photos away in the same', async () => {
    const store = await openStore({ name: `locks-${number++}` });
    const library = await libraryOn(store);
    const described = async (first: number) => library.describe(await library.read(photo(first)));
    const [a, b] = [await described(1), await described(2)];
    await library.add([{ title: 'Gate', photos: [a] }]);
    await library.add([{ title: 'gate ', photos: [{ ...b, picture: null }] }], new Set([a.id]));
    const { labels } = (await readTaught(store))!;
    expect(labels.map(({ photos }) => photos.map(({ id }) => id))).toEqual([[b.id]]);
    expect(await store.listValues('taught/picture/')).toEqual([`taught/picture/${a.id}`]);
  });
});

describe('what was removed', () => {
  it('leaves the disk when the page opens the next time, also as tuned networks see it', async () => {
    const store = await openStore({ name: `locks-${number++}` });
    const library = await libraryOn(store);
    const photos = [1, 2, 3, 4, 5].map(photo);
    await library.teach('Gate', 'mine', photos.slice(0, 1));
    for (const title of ['Hall', 'Tower', 'Mill', 'Bridge']) {
      const own = [...title].map((letter) => photo(letter.charCodeAt(0) + title.length));
      await library.teach(title, '', own);
    }
    const tuned = tunedCollection(HEX('e'));
    const taught = (await readTaught(store))!;
    await writeTaught(store, taught, () => 0, tuned);
    const [gate] = library.landmarks.value;
    await library.remove(gate!.facts.label);
    await writeTaught(store, (await readTaught(store))!, () => 0, tuned);
    const names = [TAUGHT_COLLECTION, tuned];
    const labels = async (name: string) =>
      parseCollection((await store.getCollection(name))!.json).labels.map(({ title }) => title.en);
    for (const name of names) expect(await labels(name)).toContain('Gate');
    const before = new Set(await store.listFiles());

    const next = await libraryOn(store);
    for (const name of names) expect(await labels(name)).not.toContain('Gate');
    expect((await store.listFiles()).filter((file) => before.has(file))).toEqual([]);
    expect(await readNotes(store)).toEqual({});
    expect(next.landmarks.value.map(({ facts }) => facts.title.en)).not.toContain('Gate');
    // The tab that removed it can still bring it back.
    await library.undo();
    const [first] = (await readTaught(store))!.labels;
    expect(first).toEqual(taught.labels[0]);
    expect(Object.values(await readNotes(store))).toEqual(['mine']);
  });

  it('waits for another visit where there is no room to leave it out', async () => {
    const store = await openStore({ name: `locks-${number++}` });
    const library = await libraryOn(store);
    await library.teach('Hall', '', [5, 6, 7, 8, 9].map(photo));
    const [hall] = library.landmarks.value;
    await library.removePhoto(hall!.facts.label, hall!.photos[2]!.id);
    const put = store.putFile.bind(store);
    store.putFile = () => Promise.reject(new CairnError('storage-full', 'Full.', 'Make room.'));
    const full = await libraryOn(store);
    expect(full.landmarks.value[0]!.photos).toHaveLength(4);
    store.putFile = put;
    await libraryOn(store);
    const { shards } = parseCollection((await store.getCollection(TAUGHT_COLLECTION))!.json);
    expect(shards.map(({ rows, deleted }) => [rows, deleted])).toEqual([[4, undefined]]);
  });
});

describe('a lock that one tab holds', () => {
  it('is refused to others until it is released', async () => {
    const release = await holdIfFree('work');
    expect(release).not.toBeNull();
    expect(await isFree('work')).toBe(false);
    expect(await holdIfFree('work')).toBeNull();
    release?.();
    await vi.waitFor(async () => expect(await isFree('work')).toBe(true));
  });
});
