// A collection in PostgreSQL against the same collection in memory, and workers that share a queue and die.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusteredVectors } from '../../bench/clustered.ts';
import { indexWorker } from '../../src/cli/postgres/index-worker.ts';
import { changeCollection } from '../../src/retrieval/change-collection.ts';
import { parseCollection } from '../../src/retrieval/collection.ts';
import { IndexService } from '../../src/retrieval/index-service.ts';
import type { LoadedCollection } from '../../src/retrieval/loaded.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import { parseAddress } from '../../src/retrieval/postgres/address.ts';
import { collectionNames } from '../../src/retrieval/postgres/catalog.ts';
import { decodeHalfvec, encodeHalfvec } from '../../src/retrieval/postgres/codec.ts';
import { Database } from '../../src/retrieval/postgres/database.ts';
import { importCollection } from '../../src/retrieval/postgres/import.ts';
import { PostgresCollection } from '../../src/retrieval/postgres/postgres-collection.ts';
import { migrate, requireSchema } from '../../src/retrieval/postgres/schema.ts';
import type { CollectionRow } from '../../src/retrieval/writer.ts';
import { openTestQueue, vectorOf } from './postgres-fixtures.ts';
import { type PrivatePostgres, startPostgres, whyNoPostgres } from './private-postgres.ts';
import { filesOf, HEX, headOf, loadFiles, rowsOf } from './retrieval-fixtures.ts';

describe('addresses and numbers', () => {
  it('takes our parameter out and never shows a password', () => {
    const address = parseAddress(
      'postgres://me:secret@host:5433/db?collection=Old%20Town&sslmode=require',
    );
    expect(address.collection).toBe('Old Town');
    expect(address.connection).toBe('postgres://me:secret@host:5433/db?sslmode=require');
    expect(address.shown).not.toContain('secret');
  });

  it('keeps an address of a unix socket, which has no host', () => {
    const { connection, shown } = parseAddress('postgres://me@/db?host=/tmp/x&collection=a');
    expect(connection).toBe('postgres://me@/db?host=%2Ftmp%2Fx');
    expect(shown).toBe(connection);
    expect(parseAddress('postgres:///db').connection).toBe('postgres:///db');
    // The driver takes no host for left out without a slash behind it.
    expect(parseAddress('postgres://me@/..').connection).toBe('postgres://me@/');
  });

  it('refuses what is no address', () => {
    for (const text of ['postgres://a b/c', 'http://host/db', 'postgres://[/']) {
      expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'usage' }));
    }
  });

  it('brings embeddings through half precision and back to unit length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1 }), { minLength: 2, maxLength: 40 }),
        (raw) => {
          const length = Math.hypot(...raw);
          fc.pre(length > 0.01);
          const vector = Float32Array.from(raw, (x) => x / length);
          const back = new Float32Array(vector.length);
          decodeHalfvec(encodeHalfvec(vector), back);
          expect(Math.hypot(...back)).toBeCloseTo(1, 5);
          for (const [i, x] of vector.entries()) expect(Math.abs(back[i]! - x)).toBeLessThan(1e-3);
        },
      ),
    );
  });

  it.each([
    ['of another length', encodeHalfvec(Float32Array.of(1, 0, 0))],
    ['cut short', encodeHalfvec(Float32Array.of(0.6, 0.8)).subarray(0, 7)],
    ['empty', Buffer.alloc(0)],
    ['of zeros', encodeHalfvec(Float32Array.of(0, 0))],
    ['of no numbers', encodeHalfvec(Float32Array.of(Number.NaN, 1))],
    ['of infinities', encodeHalfvec(Float32Array.of(Number.POSITIVE_INFINITY, 1))],
  ])('refuses an embedding %s', (_, bytes) => {
    expect(() => decodeHalfvec(bytes, new Float32Array(2))).toThrowError(
      expect.objectContaining({ code: 'collection-invalid' }),
    );
  });
});

const reason = whyNoPostgres();
if (reason !== null) console.warn(`PostgreSQL is not tested: ${reason}`);

const ROOT = resolve(import.meta.dirname, '../..');
const LABELS = 200;
const CLUSTERED = { rows: 5000, dim: 64, seed: 3 };

/** Photos around 200 places: clustered, as embeddings are. */
async function clustered(): Promise<{ loaded: LoadedCollection; queries: Float32Array[] }> {
  const vectors = new ClusteredVectors(CLUSTERED);
  const rows = Array.from({ length: CLUSTERED.rows }, (_, i): CollectionRow => {
    const source = new Uint8Array(32);
    new DataView(source.buffer).setUint32(0, i);
    return {
      embedding: vectors.photo(i % LABELS, Math.floor(i / LABELS)),
      label: i % LABELS,
      bankSimilarity: Math.fround((i % 100) / 200),
      source,
    };
  });
  const loaded = await loadFiles(await filesOf(headOf(LABELS, CLUSTERED.dim), rows));
  const queries = Array.from({ length: 100 }, (_, i) => vectors.photo(i % LABELS, 1_000_000 + i));
  return { loaded, queries };
}

describe.skipIf(reason !== null)('with PostgreSQL', () => {
  let postgres: PrivatePostgres;
  let db: Database;

  beforeAll(() => {
    postgres = startPostgres();
    db = new Database(parseAddress(postgres.url));
  });
  afterAll(async () => {
    await db?.close();
    postgres?.stop();
  });

  const named = (name: string) =>
    new Database(parseAddress(`${postgres.url}&collection=${encodeURIComponent(name)}`));

  it('makes its schema in an empty database, once, whoever comes first', async () => {
    await expect(requireSchema(db)).rejects.toMatchObject({ code: 'collection-missing' });
    await Promise.all([migrate(db), migrate(db), migrate(db)]);
    await migrate(db);
    await requireSchema(db);
    const steps = await db.query('SELECT version FROM cairn.migrations');
    expect(steps).toEqual([{ version: 1 }]);
    await expect(PostgresCollection.open(db)).rejects.toMatchObject({ code: 'collection-missing' });
  });

  it('refuses the schema of a later version', async () => {
    await db.query('INSERT INTO cairn.migrations (version) VALUES (99)');
    await expect(migrate(db)).rejects.toMatchObject({ code: 'usage' });
    await expect(requireSchema(db)).rejects.toMatchObject({ code: 'usage' });
    await db.query('DELETE FROM cairn.migrations WHERE version = 99');
  });

  it('says in our words that a database cannot be reached', async () => {
    const nowhere = new Database(parseAddress('postgres://cairn@/cairn?host=/nowhere'));
    await expect(nowhere.query('SELECT 1')).rejects.toMatchObject({ code: 'storage-failed' });
    await nowhere.close();
  });

  it('finds what exact search in memory finds', { timeout: 120_000 }, async () => {
    const { loaded, queries } = await clustered();
    expect(await importCollection(db, loaded, { name: 'parity' })).toMatchObject({
      labels: LABELS,
      photos: CLUSTERED.rows,
      duplicates: 0,
    });
    const here = new IndexService({ store: new MemoryStore(), graphs: 'lazy' });
    await here.open({ kind: 'loaded', loaded });
    const there = await PostgresCollection.open(db);
    expect(there.description.labels).toEqual(loaded.collection.labels);
    expect(there.rows).toBe(here.rows);

    let found = 0;
    let foundExactly = 0;
    for (const query of queries) {
      const options = { k: 10, vectors: 5, means: true };
      const truth = await here.search(query, { ...options, engine: 'exact' });
      const answer = await there.search(query, { ...options, engine: 'hnsw' });
      expect(answer.engine).toBe('hnsw');
      const wanted = new Map(truth.neighbours.map((n) => [n.row, n]));
      for (const neighbour of answer.neighbours) {
        const same = wanted.get(neighbour.row);
        if (!same) continue;
        found += 1;
        expect(neighbour.label).toBe(same.label);
        expect(neighbour.bankSimilarity).toBe(same.bankSimilarity);
        expect(neighbour.similarity).toBeCloseTo(same.similarity, 3);
      }
      for (const [label, mean] of answer.means ?? []) {
        const same = truth.means?.get(label);
        if (same !== undefined) expect(mean).toBeCloseTo(same, 3);
      }
      expect(answer.vectors.length).toBe(5 * CLUSTERED.dim);
      const [best] = answer.neighbours;
      const dot = query.reduce((sum, x, i) => sum + x * answer.vectors[i]!, 0);
      expect(dot).toBeCloseTo(best!.similarity, 5);
      const exact = await there.search(query, { ...options, engine: 'exact' });
      foundExactly += exact.neighbours.filter(({ row }) => wanted.has(row)).length;
    }
    expect(found / (10 * queries.length)).toBeGreaterThanOrEqual(0.98);
    // So few rows are scanned.
    expect((await there.search(queries[0]!, { k: 10 })).engine).toBe('exact');
    // Halves against int8: rows that are equally near but for 0.0005 may change places.
    expect(foundExactly / (10 * queries.length)).toBeGreaterThanOrEqual(0.99);
    here.close();
  });

  it('gives all rows where more are asked for, and refuses what cannot be searched for', async () => {
    const loaded = await loadFiles(await filesOf(headOf(3, 8), rowsOf(30, 3, 8, 1)));
    await importCollection(db, loaded, { name: 'small' });
    const small = named('small');
    const there = await PostgresCollection.open(small);
    const query = rowsOf(1, 1, 8, 9)[0]!.embedding;
    for (const engine of ['hnsw', 'exact'] as const) {
      const { neighbours } = await there.search(query, { k: 100, engine });
      expect(neighbours.map(({ row }) => row).sort((a, b) => a - b)).toEqual([...Array(30).keys()]);
    }
    await expect(there.search(query.subarray(1), { k: 1 })).rejects.toMatchObject({
      code: 'usage',
    });
    await expect(there.search(query, { k: 0 })).rejects.toMatchObject({ code: 'usage' });
    await expect(there.search(query, { k: 1, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    await small.close();
  });

  it('finds nothing outside the place asked for, and leaves out what was deleted', async () => {
    const rows = rowsOf(60, 3, 8, 1); // label 1 alone lies in France
    const whole = await loadFiles(await filesOf(headOf(3, 8), rows));
    const live = [new Set([...Array(60).keys()].filter((row) => row % 10 !== 4))];
    const { collection, shards } = whole;
    const labels = collection.labels.map(({ photos: _, ...facts }) => facts);
    const files = [];
    for await (const file of changeCollection(whole, { labels, live, add: [] })) files.push(file);
    const changed = parseCollection(files.at(-1)!.bytes);
    expect(files).toHaveLength(1); // its shard stays
    const deleted = new Set(changed.shards[0]!.deleted);
    expect(deleted.size).toBe(6);
    const loaded = { collection: changed, shards: [{ ...shards[0]!, deleted }] };
    expect(await importCollection(db, loaded, { name: 'placed' })).toMatchObject({ photos: 54 });
    const placed = named('placed');
    const there = await PostgresCollection.open(placed);
    const query = rowsOf(1, 1, 8, 9)[0]!.embedding;
    const here = new IndexService({ store: new MemoryStore(), graphs: 'lazy' });
    await here.open({ kind: 'loaded', loaded });
    for (const where of [
      undefined,
      { countries: ['FR'] },
      { near: { lat: 48, lon: 2, km: 200 } },
    ]) {
      const wanted = await here.search(query, { k: 100, engine: 'exact', where });
      for (const engine of ['hnsw', 'exact'] as const) {
        const { neighbours } = await there.search(query, { k: 100, engine, where });
        expect(new Set(neighbours.map(({ row }) => row))).toEqual(
          new Set(wanted.neighbours.map(({ row }) => row)),
        );
      }
    }
    const nowhere = { countries: ['JP'] };
    expect((await there.search(query, { k: 5, where: nowhere })).neighbours).toEqual([]);
    here.close();
    await placed.close();
  });

  it('replaces a collection whole, under searches that go on', async () => {
    const [first, second] = [
      await loadFiles(await filesOf(headOf(3, 8), rowsOf(30, 3, 8, 1))),
      await loadFiles(await filesOf(headOf(3, 8), rowsOf(44, 3, 8, 2))),
    ];
    await importCollection(db, first, { name: 'swapped' });
    const swapped = named('swapped');
    const there = await PostgresCollection.open(swapped);
    const query = rowsOf(1, 1, 8, 9)[0]!.embedding;
    const tables = async () =>
      (await db.query('SELECT FROM pg_class WHERE relname ~ $1', ['^rows_\\d+$'])).length;
    const found = async () => (await there.search(query, { k: 99 })).neighbours.length;
    const before = await tables();
    const [, ...counts] = await Promise.all([
      importCollection(db, second, { name: 'swapped' }),
      ...Array.from({ length: 20 }, found),
    ]);
    for (const count of counts) expect([30, 44]).toContain(count);
    expect(await found()).toBe(44);
    expect(await tables()).toBe(before);
    await swapped.close();
  });

  it('does not answer in places of labels that have changed their meaning', async () => {
    const [first, second] = [
      await loadFiles(await filesOf(headOf(3, 8), rowsOf(30, 3, 8, 1))),
      await loadFiles(await filesOf(headOf(4, 8), rowsOf(44, 4, 8, 2))),
    ];
    await importCollection(db, first, { name: 'changed' });
    const changed = named('changed');
    const there = await PostgresCollection.open(changed);
    const query = rowsOf(1, 1, 8, 9)[0]!.embedding;
    await importCollection(db, second, { name: 'changed' });
    for (let turn = 0; turn < 2; turn++) {
      await expect(there.search(query, { k: 5 })).rejects.toMatchObject({
        code: 'collection-mismatch',
      });
    }
    expect((await there.refresh()).labels.length).toBe(4);
    expect((await there.search(query, { k: 99 })).neighbours.length).toBe(44);
    await changed.close();
  });

  it('leaves everything as it was when an import is stopped', async () => {
    const loaded = await loadFiles(await filesOf(headOf(3, 8), rowsOf(30, 3, 8, 1)));
    const names = await collectionNames(db);
    const stop = new AbortController();
    const importing = importCollection(db, loaded, {
      name: 'stopped',
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(importing).rejects.toMatchObject({ code: 'aborted' });
    expect(await collectionNames(db)).toEqual(names);
  });

  describe('several workers', () => {
    const PHOTOS = 60;
    let folder = '';

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cairn-queue-'));
      for (let i = 0; i < PHOTOS; i++) {
        await writeFile(join(folder, `${String(i).padStart(3, '0')}.jpg`), `photo ${i}`);
      }
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const worker = (ms: number) => {
      const script = join(ROOT, 'tests/unit/postgres-worker.ts');
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', script, postgres.url, folder, String(ms)],
        {
          cwd: ROOT,
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let text = '';
      const encoded = () => text.split('\n').length - 2;
      const ended = new Promise<number | null>((done) => child.once('exit', done));
      child.stdout.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
      const until = async (photos: number) => {
        while (encoded() < photos) await new Promise((done) => setTimeout(done, 20));
      };
      return { child, ended, until, encoded, lastLine: () => text.trim().split('\n').at(-1) ?? '' };
    };

    it('lose no photo and write none twice when one is killed', { timeout: 120_000 }, async () => {
      const [one, two] = [worker(60), worker(60)];
      await Promise.all([one.until(5), two.until(5)]);
      one.child.kill('SIGKILL');
      await one.ended;
      expect(await two.ended).toBe(0);
      const { written, skipped } = JSON.parse(two.lastLine()) as { written: number; skipped: [] };
      expect(skipped).toEqual([]);
      // It also did what the other held when it was killed.
      expect(written).toBeGreaterThan(PHOTOS / 2 - 8);

      const queued = named('queued');
      const there = await PostgresCollection.open(queued);
      expect(there.description.labels.reduce((sum, { photos }) => sum + photos, 0)).toBe(PHOTOS);
      for (const i of [0, 17, PHOTOS - 1]) {
        const query = vectorOf(new TextEncoder().encode(`photo ${i}`));
        const [best] = (await there.search(query, { k: 1 })).neighbours;
        expect(best!.similarity).toBeGreaterThan(0.9999);
        expect(best!.label).toBe(i % 3);
        expect(best!.bankSimilarity).toBe(0.25);
      }
      const [{ rows, distinct } = { rows: 0, distinct: 0 }] = await db.query<{
        rows: number;
        distinct: number;
      }>(
        `SELECT live_rows AS rows, (SELECT count(*)::integer FROM cairn.queue) AS distinct
         FROM cairn.collections WHERE name = 'queued'`,
      );
      expect({ rows, distinct }).toEqual({ rows: PHOTOS, distinct: 0 });
      await queued.close();
    });

    it('encode nothing a second time, take in what is new and out what is gone', async () => {
      let encoded = 0;
      const run = async (prune = false) => {
        const queue = await openTestQueue(db, folder, { worker: 'here' });
        return indexWorker({
          queue,
          prune,
          fileOf: ({ path }) => join(folder, path),
          encode: async (bytes) => {
            encoded += 1;
            return vectorOf(bytes);
          },
          bankSimilarity: () => 0.25,
        });
      };
      expect(await run()).toMatchObject({ written: 0, known: PHOTOS, takenOut: 0 });
      expect(encoded).toBe(0);
      // Last by name, so that the labels of the others stay.
      await writeFile(join(folder, 'new.jpg'), `photo ${PHOTOS}`);
      expect(await run()).toMatchObject({ written: 1, known: PHOTOS });
      await rm(join(folder, 'new.jpg'));
      await rm(join(folder, `0${PHOTOS - 1}.jpg`));
      expect(await run()).toMatchObject({ written: 0, takenOut: 0 });
      expect(await run(true)).toMatchObject({ written: 0, takenOut: 2 });
      const queued = named('queued');
      const there = await PostgresCollection.open(queued);
      expect(there.rows).toBe(PHOTOS + 1);
      for (const engine of ['hnsw', 'exact'] as const) {
        const { neighbours } = await there.search(vectorOf(new TextEncoder().encode('photo 1')), {
          k: 99,
          engine,
        });
        expect(neighbours.length).toBe(PHOTOS - 1);
      }
      await queued.close();
    });

    it('fail a photo that cannot be read, by name, and one that ends its workers', async () => {
      const queue = await openTestQueue(db, folder, { worker: 'here', leaseSeconds: 0.001 });
      const [first] = await queue.take(1);
      for (let attempt = 1; attempt < 3; attempt++) {
        await new Promise((done) => setTimeout(done, 20));
        expect((await queue.take(1))[0]?.id).toBe(first!.id);
      }
      await new Promise((done) => setTimeout(done, 20));
      const report = await indexWorker({
        queue,
        leaseSeconds: 60,
        fileOf: ({ path }) => join(folder, path === '001.jpg' ? 'missing' : path),
        encode: async (bytes) => vectorOf(bytes),
        bankSimilarity: () => 0.25,
      });
      expect(report.skipped.map(({ path }) => path)).toEqual(['001.jpg', '000.jpg']);
      expect(report.known).toBe(PHOTOS - 3);
    });

    it('refuse a collection that another encoder made', async () => {
      const loaded = await loadFiles(
        await filesOf({ ...headOf(3, 16), bank: { sha256: HEX('c') } }, rowsOf(3, 3, 16, 1)),
      );
      await importCollection(db, loaded, { name: 'queued' });
      await expect(openTestQueue(db, folder, { worker: 'here' })).rejects.toMatchObject({
        code: 'collection-mismatch',
      });
    });
  });
});
