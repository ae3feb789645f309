// A database that goes while it is used, a clock that is set back, another tab that writes in between: nothing is lost.
import 'fake-indexeddb/auto';
import { IDBObjectStore as FakeObjectStore, forceCloseDatabase } from 'fake-indexeddb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { exclusively } from '../../src/app/collections/tabs.ts';
import { openInstalled } from '../../src/retrieval/install.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import {
  readTaught,
  type TaughtLabel,
  writeTaught,
} from '../../src/retrieval/taught-collection.ts';
import { HEX, randomUnits } from './retrieval-fixtures.ts';

let number = 0;
const freshName = () => `faults-${number++}`;
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

const { put } = FakeObjectStore.prototype;
type Put = Parameters<typeof put>;

/** Whatever is written is written, and then this happens. */
function afterPut(then: (store: IDBObjectStore, request: IDBRequest) => void) {
  return vi.spyOn(FakeObjectStore.prototype, 'put').mockImplementation(function (
    this: InstanceType<typeof FakeObjectStore>,
    ...given: Put
  ) {
    const request = put.apply(this, given);
    then(this as unknown as IDBObjectStore, request as unknown as IDBRequest);
    return request;
  });
}

/** What browsers do to an open database when site data is cleared, or when it fails them. */
const close = (db: IDBDatabase) =>
  forceCloseDatabase(db as unknown as Parameters<typeof forceCloseDatabase>[0]);
function goAway(transaction: IDBTransaction): void {
  transaction.abort();
  close(transaction.db);
}

describe('a connection that goes', () => {
  it('between two uses is opened anew', async () => {
    const store = await openStore({ name: freshName() });
    const connections: IDBDatabase[] = [];
    const spy = afterPut(({ transaction }) => connections.push(transaction.db));
    await store.putValue('a', 1);
    spy.mockRestore();
    for (const db of connections) close(db);
    expect(await store.getValue('a')).toBe(1);
  });

  it('in the middle of a write: the write is done on a new one', async () => {
    const store = await openStore({ name: freshName() });
    let gone = 0;
    afterPut(({ transaction }) => {
      if (gone++ === 0) goAway(transaction);
    });
    await store.putValue('a', 1);
    expect(gone).toBe(2);
    expect(await store.getValue('a')).toBe(1);
  });

  it('again and again is an error, not an endless try', async () => {
    const store = await openStore({ name: freshName() });
    const spy = afterPut(({ transaction }) => goAway(transaction));
    await expect(store.putValue('a', 1)).rejects.toMatchObject({
      code: 'storage-failed',
      remedy: expect.stringContaining('Reload'),
    });
    expect(spy).toHaveBeenCalledTimes(2);
    spy.mockRestore();
    await store.putValue('a', 2);
    expect(await store.getValue('a')).toBe(2);
  });

  it('a transaction that the browser gives up on a connection that stands is an error', async () => {
    const store = await openStore({ name: freshName() });
    const spy = afterPut(({ transaction }) => transaction.abort());
    await expect(store.putValue('a', 1)).rejects.toMatchObject({ code: 'storage-failed' });
    expect(spy).toHaveBeenCalledTimes(1);
    spy.mockRestore();
    expect(await store.getValue('a')).toBeUndefined();
  });

  it('what cannot be stored at all is an error of storage, and the next write goes on', async () => {
    const store = await openStore({ name: freshName() });
    await expect(store.putValue('a', { f: () => 1 })).rejects.toMatchObject({
      code: 'storage-failed',
    });
    await store.putValue('a', 2);
    expect(await store.getValue('a')).toBe(2);
  });
});

/** Each kind of write that a store has, by what needs it. */
const WRITES: readonly [string, (store: CairnStore) => Promise<unknown>][] = [
  ['a finished download', (store) => store.putFile(HEX('2'), bytes(1))],
  ['the beginning of a download', (store) => store.claimPartial(HEX('3'), 's')],
  ['a piece of a download', (store) => store.appendPartial(HEX('4'), 's', 0, bytes(1))],
  ['a collection', (store) => store.putCollection(record('new'))],
  ['a value: history, tuning, notes, copies', (store) => store.putValue('history/x', { a: 1 })],
];

const record = (name: string, installed = '2025-01-31T12:00:00.000Z') => ({
  name,
  url: null,
  json: bytes(1),
  files: [HEX('1')],
  installed,
});

describe.each(WRITES)('without room for %s', (_, write) => {
  it.each(['at once', 'at the end'])('it says so %s, and what was there stays', async (when) => {
    const store = await openStore({ name: freshName() });
    await store.putFile(HEX('1'), bytes(7));
    await store.putCollection(record('old'));
    await store.putValue('a', 1);
    await store.beginPartial(HEX('4'), 's', null);
    const full = () => new DOMException('no room', 'QuotaExceededError');
    const spy = afterPut(({ transaction }, request) => {
      if (when === 'at once') throw full();
      // As browsers do: the write seems to go well, and the transaction fails.
      request.addEventListener('success', () => {
        Object.defineProperty(transaction, 'error', { value: full(), configurable: true });
        transaction.abort();
      });
    });
    await expect(write(store)).rejects.toMatchObject({
      code: 'storage-full',
      remedy: expect.stringContaining('Free disk space'),
    });
    spy.mockRestore();
    expect(await store.getFile(HEX('1'))).toEqual(bytes(7));
    expect((await store.listCollections()).map(({ name }) => name)).toEqual(['old']);
    expect(await store.getValue('a')).toBe(1);
    await write(store);
  });
});

describe('a clock that is set back, or stands still', () => {
  it.each([
    ['IndexedDB', () => openStore({ name: freshName() })],
    ['memory', async () => new MemoryStore()],
  ] as const)('tells versions of a collection apart all the same: %s', async (_, open) => {
    const store = await open();
    const times: string[] = [];
    for (const installed of [
      '2030-01-01T00:00:00.000Z',
      '2030-01-01T00:00:00.000Z',
      '2020-01-01T00:00:00.000Z',
      '2030-06-01T00:00:00.000Z',
    ]) {
      await store.putCollection(record('one', installed));
      times.push((await store.getCollection('one'))!.installed);
    }
    expect(new Set(times).size).toBe(times.length);
    expect(times.toSorted()).toEqual(times);
  });
});

const HEAD = {
  encoder: { id: 'encoder-a', weightsSha256: HEX('a') },
  bank: { sha256: HEX('b') },
  dimension: 8,
};

function taught(photos: number): TaughtLabel[] {
  const vectors = randomUnits(photos, 8, 5);
  return [
    {
      facts: {
        label: 'taught_x',
        title: { en: 'X', zh: 'X' },
        country: null,
        lat: null,
        lon: null,
        wikidata: null,
      },
      photos: Array.from({ length: photos }, (_, i) => ({
        id: i.toString(16).padStart(32, '0'),
        embedding: vectors.slice(i * 8, (i + 1) * 8),
      })),
    },
  ];
}

describe('another tab that writes while a collection is opened', () => {
  it('has its version opened, whichever read came between', async () => {
    const name = freshName();
    const [here, there] = [await openStore({ name }), await openStore({ name })];
    for (const read of [0, 1]) {
      await writeTaught(here, { head: HEAD, labels: taught(2) }, () => 0);
      const { getFile } = here;
      let reads = 0;
      here.getFile = async (sha256) => {
        // A whole new version by another encoder: none of the old shards stays.
        if (reads++ === read) {
          const head = { ...HEAD, bank: { sha256: HEX(read === 0 ? 'c' : 'd') } };
          await writeTaught(there, { head, labels: taught(3) }, () => 0);
        }
        return getFile.call(here, sha256);
      };
      const stored = await readTaught(here);
      here.getFile = getFile;
      expect(stored?.labels[0]?.photos).toHaveLength(read === 0 ? 3 : 2);
    }
  });

  it('and deletes it: it is missing, as it is', async () => {
    const name = freshName();
    const [here, there] = [await openStore({ name }), await openStore({ name })];
    await writeTaught(here, { head: HEAD, labels: taught(2) }, () => 0);
    const { getFile } = here;
    here.getFile = async (sha256) => {
      await there.deleteCollection('My landmarks');
      return getFile.call(here, sha256);
    };
    await expect(openInstalled('My landmarks', here)).rejects.toMatchObject({
      code: 'collection-missing',
    });
  });
});

it('browsers without Web Locks go on', async () => {
  vi.stubGlobal('navigator', {});
  expect(await exclusively(async () => 7)).toBe(7);
});
