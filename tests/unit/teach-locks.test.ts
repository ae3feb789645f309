// Tabs that teach or tune at the same time: what is written under which lock.
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Library } from '../../src/app/teaching/library.ts';
import { holdIfFree, isFree } from '../../src/app/teaching/locks.ts';
import { keepPicture } from '../../src/app/teaching/pictures.ts';
import type { Encoder } from '../../src/inference/encoder.ts';
import { TaskQueue } from '../../src/inference/task-queue.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import { readTaught } from '../../src/retrieval/taught-collection.ts';
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
