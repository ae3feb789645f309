// The history in the store: bounded, in order, undone and cleared, the same in all tabs, and there without storage.
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { StoredHistory } from '../../src/app/history/history.ts';
import { HISTORY_KEYS, storedOf } from '../../src/app/history/record.ts';
import { CairnError } from '../../src/errors.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import { someEntry } from './history-entries.ts';

let databases = 0;
const newStore = () => openStore({ name: `history-${databases++}` });

/** Histories of tabs that hear each other. */
function tabsOf(store: CairnStore, count: number, most?: number): StoredHistory[] {
  const hears: (() => void)[] = [];
  return Array.from({ length: count }, (_, own) => {
    return new StoredHistory({
      store: async () => store,
      tabs: (hear) => {
        hears.push(hear);
        return {
          tell: () => {
            for (const [at, other] of hears.entries()) if (at !== own) other();
          },
        };
      },
      ...(most === undefined ? {} : { most }),
    });
  });
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
});

describe('without room', () => {
  class FullStore extends MemoryStore {
    full = true;
    override async putValue(...given: Parameters<MemoryStore['putValue']>): Promise<void> {
      if (this.full) throw new CairnError('storage-full', 'No room.', 'Delete something.');
      await super.putValue(...given);
    }
  }

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
