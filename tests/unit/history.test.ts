// The history in the store: bounded, in order, undone and cleared, the same in all tabs, and there without storage.
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/app/collections/tabs.ts';
import { StoredHistory } from '../../src/app/history/history.ts';
import { HISTORY_KEYS, storedOf } from '../../src/app/history/record.ts';
import { CairnError } from '../../src/errors.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import { someEntry } from './history-entries.ts';

let databases = 0;
const newStore = () => openStore({ name: `history-${databases++}` });

/** Histories of tabs that hear each other, with one store or with one each. */
function tabsOf(
  stores: CairnStore | readonly CairnStore[],
  count: number,
  most?: number,
): StoredHistory[] {
  const hears: ((change: Change) => void)[] = [];
  return Array.from({ length: count }, (_, own) => {
    return new StoredHistory({
      store: async () => ('close' in stores ? stores : stores[own]!), // as many as tabs
      tabs: (hear) => {
        hears.push(hear);
        return {
          tell: (change = 'changed') => {
            for (const [at, other] of hears.entries()) if (at !== own) other(change);
          },
        };
      },
      ...(most === undefined ? {} : { most }),
    });
  });
}

const failed = () => new CairnError('storage-failed', 'No.', 'Reload the page.');

class FullStore extends MemoryStore {
  full = true;
  override async putValue(...given: Parameters<MemoryStore['putValue']>): Promise<void> {
    if (this.full) throw new CairnError('storage-full', 'No room.', 'Delete something.');
    await super.putValue(...given);
  }
}

const photosOf = ({ state }: StoredHistory) => state.value?.entries.map((e) => e.result.photo);
const numbered = (n: number) => someEntry({ photo: `${n}.jpg`, minute: n });

describe.each([
  ['IndexedDB', newStore],
  ['memory', async () => new MemoryStore()],
])('a history in %s', (_name, open) => {
  it('has the newest first, and lets the oldest go', async () => {
    const store = await open();
    const [history] = tabsOf(store, 1, 3);
    for (const n of [1, 2, 3, 4, 5]) await history!.add(numbered(n));
    expect(photosOf(history!)).toEqual(['5.jpg', '4.jpg', '3.jpg']);
    expect(await store.listValues(HISTORY_KEYS)).toHaveLength(3);
    const [again] = tabsOf(store, 1, 3);
    await again!.load();
    expect(again!.state.value).toEqual(history!.state.value);
    expect(again!.state.value?.lasts).toBe(store.persistent);
    store.close();
  });

  it('keeps what is added when the clock has been set back', async () => {
    const store = await open();
    const [history] = tabsOf(store, 1, 3);
    for (const n of [1, 2, 3, 0]) await history!.add(numbered(n));
    expect(photosOf(history!)).toEqual(['3.jpg', '2.jpg', '0.jpg']);
    const [again] = tabsOf(store, 1, 3);
    await again!.load();
    expect(photosOf(again!)).toEqual(['3.jpg', '2.jpg', '0.jpg']);
    store.close();
  });

  it('gives back what was deleted last, at its place', async () => {
    const store = await open();
    const [history] = tabsOf(store, 1);
    for (const n of [1, 2, 3]) await history!.add(numbered(n));
    await history!.remove(numbered(2).key);
    expect(photosOf(history!)).toEqual(['3.jpg', '1.jpg']);
    expect(history!.removed.value?.result.photo).toBe('2.jpg');
    await history!.undo();
    expect(photosOf(history!)).toEqual(['3.jpg', '2.jpg', '1.jpg']);
    expect(history!.removed.value).toBeNull();
    expect(await store.listValues(HISTORY_KEYS)).toHaveLength(3);
    await history!.remove('history/nothing');
    expect(history!.removed.value).toBeNull();
    store.close();
  });

  it('shows nothing of what it cannot read, keeps it, and takes it away with all', async () => {
    const store = await open();
    await store.putValue(`${HISTORY_KEYS}a`, { version: 1, nonsense: true });
    await store.putValue(`${HISTORY_KEYS}b`, { ...storedOf(numbered(1)), version: 9 });
    await store.putValue('taught/other', 'stays');
    const [history] = tabsOf(store, 1);
    await history!.add(numbered(2));
    expect(history!.state.value).toMatchObject({ damaged: 1, newer: 1 });
    expect(photosOf(history!)).toEqual(['2.jpg']);
    expect(await store.listValues(HISTORY_KEYS)).toHaveLength(3);
    await history!.clear();
    expect(history!.state.value).toMatchObject({ entries: [], damaged: 0, newer: 0 });
    expect(await store.listValues('')).toEqual(['taught/other']);
    store.close();
  });
});

describe('tabs', () => {
  it('see what another has added, deleted, brought back and cleared', async () => {
    const store = await newStore();
    const [one, two] = tabsOf(store, 2);
    await two!.load();
    // A load waits for its turn behind the reading that was set off.
    const seen = async () => {
      await two!.load();
      return photosOf(two!);
    };
    await one!.add(numbered(1));
    await one!.add(numbered(2));
    expect(await seen()).toEqual(['2.jpg', '1.jpg']);
    await one!.remove(numbered(1).key);
    expect(await seen()).toEqual(['2.jpg']);
    await one!.undo();
    expect(await seen()).toEqual(['2.jpg', '1.jpg']);
    await one!.clear();
    expect(await seen()).toEqual([]);
    store.close();
  });

  it('forget what can be undone and what is not stored when another has deleted all', async () => {
    const store = new FullStore();
    store.full = false;
    const [one, two] = tabsOf(store, 2);
    await one!.load();
    await two!.add(numbered(1));
    await two!.add(numbered(2));
    await two!.remove(numbered(1).key);
    store.full = true;
    await two!.add(numbered(3));
    expect(photosOf(two!)).toEqual(['3.jpg', '2.jpg']);
    await one!.clear();
    await two!.load();
    expect(photosOf(two!)).toEqual([]);
    expect(two!.removed.value).toBeNull();
    expect(two!.problem.value).toBeNull();
    store.full = false;
    await two!.undo();
    expect(await store.listValues(HISTORY_KEYS)).toEqual([]);
    expect(photosOf(two!)).toEqual([]);
  });

  it('delete all of their own where each has its memory alone', async () => {
    const [mine, other] = [new MemoryStore(), new MemoryStore()];
    const [one, two] = tabsOf([mine, other], 2);
    await two!.add(numbered(1));
    await one!.add(numbered(2));
    await two!.load();
    expect(photosOf(two!)).toEqual(['1.jpg']);
    await one!.clear();
    await two!.load();
    expect(photosOf(two!)).toEqual([]);
    expect(await other.listValues(HISTORY_KEYS)).toEqual([]);
  });

  it('keep what can be undone and what is not stored when another has changed something', async () => {
    const store = new FullStore();
    store.full = false;
    const [one, two] = tabsOf(store, 2);
    await two!.add(numbered(1));
    await two!.remove(numbered(1).key);
    store.full = true;
    await two!.add(numbered(2));
    store.full = false;
    await one!.add(numbered(3));
    await two!.load();
    expect(photosOf(two!)).toEqual(['3.jpg', '2.jpg']);
    await two!.undo();
    await one!.load();
    expect(photosOf(one!)).toEqual(['3.jpg', '1.jpg']);
  });
});

describe('without room', () => {
  it('lasts as long as the page and says why', async () => {
    const store = new FullStore();
    const [history] = tabsOf(store, 1, 2);
    for (const n of [1, 2, 3]) await history!.add(numbered(n));
    expect(photosOf(history!)).toEqual(['3.jpg', '2.jpg']);
    expect(history!.problem.value?.code).toBe('storage-full');
    await history!.remove(numbered(3).key);
    expect(photosOf(history!)).toEqual(['2.jpg']);
    store.full = false;
    await history!.undo();
    await history!.add(numbered(4));
    expect(history!.problem.value).toBeNull();
    expect(photosOf(history!)).toEqual(['4.jpg', '3.jpg']);
  });

  it('brings back what was never stored, and what was', async () => {
    const store = new FullStore();
    store.full = false;
    const [history] = tabsOf(store, 1);
    await history!.add(numbered(1));
    store.full = true;
    await history!.add(numbered(2));
    for (const n of [2, 1]) {
      await history!.remove(numbered(n).key);
      await history!.undo();
      expect(history!.removed.value).toBeNull();
      expect(history!.problem.value?.code).toBe('storage-full');
      expect(photosOf(history!)).toEqual(['2.jpg', '1.jpg']);
    }
    expect(await store.listValues(HISTORY_KEYS)).toEqual([]);
  });

  it.each(['listValues', 'deleteValues'] as const)(
    'has an entry once where it is stored and %s fails after it',
    async (method) => {
      class Untrimmed extends MemoryStore {
        failing = true;
        override async listValues(prefix: string) {
          if (this.failing && method === 'listValues') throw failed();
          return super.listValues(prefix);
        }
        override async deleteValues(keys: readonly string[]) {
          if (this.failing && method === 'deleteValues') throw failed();
          await super.deleteValues(keys);
        }
      }
      const store = new Untrimmed();
      const [one, two] = tabsOf(store, 2, 2);
      await two!.load();
      for (const n of [1, 2, 3]) await one!.add(numbered(n));
      expect(one!.problem.value).toBeNull();
      await two!.load();
      expect(photosOf(two!)).toEqual(['3.jpg', '2.jpg']);
      await two!.add(numbered(4));
      await one!.load(); // behind the reading that this has set off
      expect(photosOf(one!)).toEqual(['4.jpg', '3.jpg']);
      store.failing = false;
      await one!.add(numbered(5));
      expect(photosOf(one!)).toEqual(['5.jpg', '4.jpg']);
      expect(await store.listValues(HISTORY_KEYS)).toHaveLength(2);
    },
  );

  it('shows after deleting all what could not be deleted, and no more', async () => {
    class Stuck extends FullStore {
      override async deleteValues(keys: readonly string[]) {
        if (keys.length > 0) throw failed();
      }
    }
    const store = new Stuck();
    store.full = false;
    const [history] = tabsOf(store, 1);
    await history!.add(numbered(1));
    store.full = true;
    await history!.add(numbered(2));
    await expect(history!.clear()).rejects.toMatchObject({ code: 'storage-failed' });
    expect(photosOf(history!)).toEqual(['1.jpg']);
  });

  it('works where storage cannot be opened at all', async () => {
    const history = new StoredHistory({
      store: () =>
        Promise.reject(new CairnError('storage-failed', 'Another tab.', 'Close it and reload.')),
      tabs: () => ({ tell: () => undefined }),
    });
    await history.load();
    expect(history.state.value).toMatchObject({ entries: [], lasts: false });
    await history.add(numbered(1));
    expect(photosOf(history)).toEqual(['1.jpg']);
    await expect(history.clear()).rejects.toMatchObject({ code: 'storage-failed' });
  });
});
