// Collections changed in place: what is found afterwards, which shards are written, what is left behind.
import { describe, expect, it } from 'vitest';
import {
  type CollectionChange,
  changeCollection,
  compactCollection,
  hasDead,
} from '../../src/retrieval/change-collection.ts';
import {
  type Collection,
  collectionPhotos,
  parseCollection,
} from '../../src/retrieval/collection.ts';
import { IndexService } from '../../src/retrieval/index-service.ts';
import type { LoadedCollection } from '../../src/retrieval/loaded.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { liveRows, openShard } from '../../src/retrieval/shard.ts';
import { sourceId, storedRows } from '../../src/retrieval/stored-rows.ts';
import type { CollectionFile, CollectionRow } from '../../src/retrieval/writer.ts';
import type { Bytes } from '../../src/weights/sha256.ts';
import { filesOf, headOf, loadFiles, randomUnits, rowsOf, seeded } from './retrieval-fixtures.ts';

const DIM = 32;
const LABELS = 5;
const head = headOf(LABELS, DIM);

/** Files by name, as a folder would have them. */
class Folder {
  readonly files = new Map<string, Bytes>();
  loaded!: LoadedCollection;
  written = 0;

  async take(files: AsyncIterable<CollectionFile> | readonly CollectionFile[]): Promise<void> {
    let collection: Collection | undefined;
    this.written = 0;
    for await (const { file, bytes } of files) {
      this.files.set(file, bytes);
      if (file === 'collection.json') collection = parseCollection(bytes);
      else this.written++;
    }
    const expected = { dim: collection!.dimension, labels: collection!.labels.length };
    const shards = await Promise.all(
      collection!.shards.map((entry) => openShard(this.files.get(entry.file)!, entry, expected)),
    );
    this.loaded = { collection: collection!, shards };
  }

  /** Sources of live rows with their labels, in order. */
  get content(): string[] {
    const { collection, shards } = this.loaded;
    return shards.flatMap((shard) =>
      [...liveRows(shard)].map(
        (row) => `${collection.labels[shard.labels[row]!]!.label}/${sourceId(shard, row)}`,
      ),
    );
  }
}

/** A change that keeps rows for which `stays` is true. */
function change(
  { collection, shards }: LoadedCollection,
  stays: (id: string) => boolean,
  add: readonly CollectionRow[] = [],
): CollectionChange {
  return {
    labels: collection.labels.map(({ photos: _, ...facts }) => facts),
    live: shards.map(
      (shard) => new Set([...liveRows(shard)].filter((row) => stays(sourceId(shard, row)))),
    ),
    add,
  };
}

const idOf = ({ source }: CollectionRow) => Buffer.from(source!.subarray(0, 16)).toString('hex');
const keyOf = (row: CollectionRow) => `place_${row.label}/${idOf(row)}`;
const created = '2026-01-01T00:00:00.000Z';

describe('a changed collection', () => {
  it('is what was asked for after any additions and deletions, and shards stay few', async () => {
    const random = seeded(11);
    const folder = new Folder();
    const pool = rowsOf(900, LABELS, DIM, 3);
    let model = pool.slice(0, 40);
    await folder.take(await filesOf(head, model));
    let next = 40;
    for (let step = 0; step < 60; step++) {
      const count = Math.floor(random() * 12);
      const add = pool.slice(next, next + count);
      next += count;
      const gone = new Set(model.filter(() => random() < 0.1).map(idOf));
      const asked = change(folder.loaded, (id) => !gone.has(id), add);
      await folder.take(changeCollection(folder.loaded, asked, { created }));
      model = [...model.filter((row) => !gone.has(idOf(row))), ...add];
      expect(folder.content).toEqual(model.map(keyOf));
      expect(collectionPhotos(folder.loaded.collection)).toBe(model.length);
      expect(folder.loaded.shards.length).toBeLessThanOrEqual(9);
      for (const { rows, deleted } of folder.loaded.collection.shards) {
        expect(deleted?.length ?? 0).toBeLessThan(0.25 * rows);
      }
    }
    await folder.take(compactCollection(folder.loaded, { created }));
    expect(folder.content).toEqual(model.map(keyOf));
    expect(hasDead(folder.loaded.collection)).toBe(false);
    expect(folder.loaded.collection.formatVersion).toBe(1);
  });

  it('leaves large shards as they are: one photo writes one small file', async () => {
    const folder = new Folder();
    const rows = rowsOf(400, LABELS, DIM, 5);
    await folder.take(await filesOf(head, rows.slice(0, 399), { maxShardBytes: 8192 }));
    const before = folder.loaded.collection.shards;
    expect(before.length).toBeGreaterThan(2);
    const gone = idOf(rows[0]!);
    const asked = change(folder.loaded, (id) => id !== gone, rows.slice(399));
    await folder.take(changeCollection(folder.loaded, asked, { created, maxShardBytes: 8192 }));
    expect(folder.written).toBe(1);
    const { collection } = folder.loaded;
    expect(collection.formatVersion).toBe(2);
    expect(collection.shards.slice(0, -1).map(({ file }) => file)).toEqual(
      before.map(({ file }) => file),
    );
    expect(collection.shards[0]!.deleted).toEqual([0]);
    expect(collection.shards.at(-1)!.rows).toBe(1);
  });

  it('brings a deleted row back as long as it lies there', async () => {
    const folder = new Folder();
    const rows = rowsOf(50, LABELS, DIM, 6);
    await folder.take(await filesOf(head, rows));
    const all = change(folder.loaded, () => true);
    const gone = idOf(rows[7]!);
    const less = change(folder.loaded, (id) => id !== gone);
    await folder.take(changeCollection(folder.loaded, less, { created }));
    expect(folder.content).toHaveLength(49);
    await folder.take(changeCollection(folder.loaded, all, { created }));
    expect(folder.content).toEqual(rows.map(keyOf));
    expect(folder.written).toBe(0);
  });

  it('keeps int8 codes bit for bit when a shard is written anew', async () => {
    const folder = new Folder();
    const rows = rowsOf(30, LABELS, DIM, 8);
    await folder.take(await filesOf(head, rows));
    const before = [...storedRows(folder.loaded.shards[0]!)].slice(15);
    const kept = new Set(before.map(({ source }) => Buffer.from(source!).toString('hex')));
    const half = change(folder.loaded, (id) => kept.has(id));
    await folder.take(changeCollection(folder.loaded, half, { created }));
    expect(folder.written).toBe(1);
    expect([...storedRows(folder.loaded.shards[0]!)].map(({ embedding }) => embedding)).toEqual(
      before.map(({ embedding }) => embedding),
    );
  });

  it('loses labels only by compaction, and with them their names', async () => {
    const folder = new Folder();
    const rows = rowsOf(40, LABELS, DIM, 9);
    await folder.take(await filesOf(head, rows));
    const gone = new Set(rows.filter(({ label }) => label === 1).map(idOf));
    const asked = change(folder.loaded, (id) => !gone.has(id));
    await folder.take(changeCollection(folder.loaded, asked, { created }));
    expect(folder.loaded.collection.labels[1]).toMatchObject({ label: 'place_1', photos: 0 });
    await folder.take(compactCollection(folder.loaded, { created }));
    expect(folder.loaded.collection.labels.map(({ label }) => label)).toEqual([
      'place_0',
      'place_2',
      'place_3',
      'place_4',
    ]);
    expect(folder.content).toEqual(rows.filter(({ label }) => label !== 1).map(keyOf));
  });

  it('is refused where the change was made for another version', async () => {
    const loaded = await loadFiles(await filesOf(head, rowsOf(20, LABELS, DIM, 2)));
    const asked = { ...change(loaded, () => true), live: [] };
    const run = async () => {
      for await (const _ of changeCollection(loaded, asked));
    };
    await expect(run()).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('deleted rows', () => {
  it.each(['exact', 'hnsw'] as const)(
    'are never found by %s, nor counted in means',
    async (engine) => {
      const folder = new Folder();
      const rows = rowsOf(300, LABELS, DIM, 21);
      await folder.take(await filesOf(head, rows, { maxShardBytes: 8192 }));
      // A tenth: marked, not compacted away.
      const gone = new Set(rows.filter((_, i) => i % 10 === 3).map(idOf));
      const asked = change(folder.loaded, (id) => !gone.has(id));
      await folder.take(changeCollection(folder.loaded, asked, { created, maxShardBytes: 8192 }));
      expect(folder.written).toBe(0);

      const marked = new IndexService({ store: new MemoryStore() });
      await marked.open({ kind: 'loaded', loaded: folder.loaded });
      await marked.ready();
      const fresh = new IndexService({ store: new MemoryStore() });
      const left = rows.filter((row) => !gone.has(idOf(row)));
      await fresh.open({ kind: 'loaded', loaded: await loadFiles(await filesOf(head, left)) });
      const idAt = (found: number) => {
        const { shards } = folder.loaded;
        let row = found;
        for (const shard of shards) {
          if (row < shard.rows) return sourceId(shard, row);
          row -= shard.rows;
        }
        throw new Error('no such row');
      };
      const queries = randomUnits(20, DIM, 5);
      for (let q = 0; q < 20; q++) {
        const query = queries.subarray(q * DIM, (q + 1) * DIM);
        const options = { k: 15, engine, means: true } as const;
        const found = await marked.search(query, options);
        const wanted = await fresh.search(query, { ...options, engine: 'exact' });
        const ids = found.neighbours.map(({ row }) => idAt(row));
        expect(ids.filter((id) => gone.has(id))).toEqual([]);
        expect(found.neighbours).toHaveLength(15);
        if (engine === 'hnsw') continue; // it may miss a neighbour
        expect(ids).toEqual(wanted.neighbours.map(({ row }) => idOf(left[row]!)));
        for (const [label, cosine] of wanted.means!) {
          expect(found.means!.get(label)).toBeCloseTo(cosine, 5);
        }
      }
      // More than there are: all that are live, and no more.
      const all = await marked.search(queries.subarray(0, DIM), { k: 300, engine });
      expect(all.neighbours).toHaveLength(270);
      marked.close();
      fresh.close();
    },
  );
});
