// Measures search in PostgreSQL with pgvector against exact search in memory, over the same rows.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startService } from '../src/cli/serve/service.ts';
import { CairnError } from '../src/errors.ts';
import type { OnProgress } from '../src/progress.ts';
import { IndexService } from '../src/retrieval/index-service.ts';
import type { LoadedCollection } from '../src/retrieval/loaded.ts';
import { MemoryStore } from '../src/retrieval/memory-store.ts';
import { parseAddress } from '../src/retrieval/postgres/address.ts';
import { readEntry } from '../src/retrieval/postgres/catalog.ts';
import { Database } from '../src/retrieval/postgres/database.ts';
import { importCollection } from '../src/retrieval/postgres/import.ts';
import { PostgresCollection } from '../src/retrieval/postgres/postgres-collection.ts';
import { POSTGRES, type PostgresParams } from '../src/retrieval/postgres/presets.ts';
import { rowsTable } from '../src/retrieval/postgres/schema.ts';
import { RemoteCollection } from '../src/retrieval/remote/remote-collection.ts';
import type { CollectionSearch, SearchEngine } from '../src/retrieval/search.ts';
import { ClusteredVectors } from './clustered.ts';
import { clusteredCollection } from './clustered-collection.ts';
import { type Timing, timing } from './statistics.ts';

export interface BenchPostgresOptions {
  readonly n: number;
  readonly dim: number;
  /** postgres://…; a private one by scripts/postgres.sh when left out. */
  readonly address?: string | undefined;
  readonly onProgress?: OnProgress;
}

interface Figures extends Timing {
  readonly recall: number;
  /**
   * CPU time a query of the connection's server process, which other work on the machine hardly changes; helpers of a
   * parallel scan are not in it. Null where /proc does not tell.
   */
  readonly cpuMs: number | null;
}

const QUERIES = 200;
const WARM_UP = 20;
const K = 10;
/** What re-ranking asks for. */
const LARGER_K = 50;
const EFS = [32, 64, 128, 200, 400];
/** Where the plain scan and the index are compared. */
const SIZES = [1000, 2000, 4000, 8000, 16_000];
const IN_FLIGHT = 8;
const SCRIPT = fileURLToPath(new URL('../scripts/postgres.sh', import.meta.url));

/** Everything that `cairn bench postgres --json` prints. Times are milliseconds unless named otherwise. */
export async function benchPostgres(options: BenchPostgresOptions) {
  if (options.address !== undefined) return measureAll(options.address, options);
  try {
    execFileSync(SCRIPT, ['check'], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (cause) {
    throw new CairnError(
      'usage',
      'There is no PostgreSQL with pgvector here to start.',
      'Run scripts/install-postgres.sh, or give --collection postgres://….',
      { cause },
    );
  }
  const started = execFileSync(SCRIPT, ['start', '--', '-c shared_buffers=512MB'], {
    encoding: 'utf8',
  });
  const [folder = '', address = ''] = started.trim().split('\n');
  try {
    return await measureAll(address, options);
  } finally {
    execFileSync(SCRIPT, ['stop', folder]);
  }
}

async function measureAll(address: string, { n, dim, onProgress }: BenchPostgresOptions) {
  const vectors = new ClusteredVectors({ rows: n, dim, seed: 1 });
  const queries = Array.from({ length: QUERIES + WARM_UP }, (_, i) =>
    // A photo number that no row has: the same places, never the same photos.
    vectors.photo(Math.floor((i * vectors.places.length) / (QUERIES + WARM_UP)), 1_000_000 + i),
  );
  const db = new Database(parseAddress(address));
  const memory = new IndexService({ store: new MemoryStore(), graphs: 'lazy' });
  const name = `bench-${n}`;
  const databases = [db];
  const databaseOf = (collection: string, connections: number) => {
    const made = new Database({ ...db.address, collection }, { connections });
    databases.push(made);
    return made;
  };
  const open = (params: PostgresParams = POSTGRES, rows = n) => {
    const collection = `bench-${rows}`;
    const own = databaseOf(collection, 1);
    return PostgresCollection.open(own, params).then((search) => ({ search, cpu: cpuOf(own) }));
  };
  try {
    const loaded = await clusteredCollection(vectors, n, dim);
    await memory.open({ kind: 'loaded', loaded });
    const cost = await timedImport(db, loaded, name, onProgress);
    const truth = async (k: number) => answersOf(memory, queries, k, 'exact');
    const [ten, fifty] = [await truth(K), await truth(LARGER_K)];

    const collection = await open();
    const hnsw = await measure(collection, queries, ten, 'hnsw');
    const hnswLarger = await measure(collection, queries, fifty, 'hnsw');
    const exact = await measure(collection, queries, ten, 'exact');
    const pooled = await PostgresCollection.open(databaseOf(`bench-${n}`, 8));
    const efs = [];
    for (const efSearch of EFS) {
      const params = { ...POSTGRES, efSearch, efPerNeighbour: 1 };
      efs.push({ ef: efSearch, ...(await measure(await open(params), queries, ten, 'hnsw')) });
    }
    const http = await measureHttp(pooled, queries, ten);
    const { id } = await readEntry(db, name);
    return {
      bench: 'postgres',
      unit: 'ms',
      backend: await versions(db),
      rows: n,
      dim,
      k: K,
      params: POSTGRES,
      median: hnsw.median,
      p95: hnsw.p95,
      n: hnsw.n,
      recallAtK: hnsw.recall,
      ...cost,
      bytes: await sizesOf(db, id),
      engines: { hnsw, [`hnsw, k = ${LARGER_K}`]: hnswLarger, exact, http },
      searchesPerSecond: await throughput(pooled, queries),
      inFlight: IN_FLIGHT,
      efs,
      sizes: await measureSizes(db, open, vectors, dim, queries, n),
    };
  } finally {
    memory.close();
    await Promise.all(databases.map((each) => each.close()));
  }
}

async function timedImport(
  db: Database,
  loaded: LoadedCollection,
  name: string,
  onProgress?: OnProgress,
) {
  const began = performance.now();
  let written = began;
  await importCollection(db, loaded, {
    name,
    onProgress: (progress) => {
      written = performance.now();
      onProgress?.(progress);
    },
  });
  return {
    writeSeconds: (written - began) / 1000,
    indexSeconds: (performance.now() - written) / 1000,
  };
}

interface Answers {
  readonly k: number;
  /** Rows found for each query. */
  readonly rows: readonly ReadonlySet<number>[];
}

async function answersOf(
  search: CollectionSearch,
  queries: readonly Float32Array[],
  k: number,
  engine: SearchEngine,
): Promise<Answers> {
  const rows = [];
  for (const query of queries) {
    const { neighbours } = await search.search(query, { k, engine });
    rows.push(new Set(neighbours.map(({ row }) => row)));
  }
  return { k, rows };
}

interface Measured {
  readonly search: CollectionSearch;
  /** Milliseconds so far. */
  readonly cpu?: () => Promise<number | null>;
}

/** Of the one connection that a database has. */
function cpuOf(db: Database): () => Promise<number | null> {
  const tick = 10; // milliseconds: what Linux counts in
  return async () => {
    const [row] = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const stat = await readFile(`/proc/${row?.pid}/stat`, 'utf8').catch(() => null);
    // After the name in brackets: utime and stime are the 12th and 13th (proc(5) counts from the pid).
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields ? tick * (Number(fields[11]) + Number(fields[12])) : null;
  };
}

/** One query after another; the first few are not counted. */
async function measure(
  { search, cpu = async () => null }: Measured,
  queries: readonly Float32Array[],
  { k, rows: truth }: Answers,
  engine: SearchEngine,
): Promise<Figures> {
  const times: number[] = [];
  let found = 0;
  let wanted = 0;
  let before: number | null = null;
  for (const [i, query] of queries.entries()) {
    if (i === WARM_UP) before = await cpu();
    const began = performance.now();
    const { neighbours } = await search.search(query, { k, engine });
    if (i < WARM_UP) continue;
    times.push(performance.now() - began);
    found += neighbours.filter(({ row }) => truth[i]!.has(row)).length;
    wanted += truth[i]!.size;
  }
  const after = await cpu();
  const cpuMs = before === null || after === null ? null : (after - before) / times.length;
  return { ...timing(times), recall: found / wanted, cpuMs };
}

/** The same through `cairn serve` and its client, on loopback. */
async function measureHttp(
  collection: PostgresCollection,
  queries: readonly Float32Array[],
  truth: Answers,
): Promise<Figures> {
  const { description } = collection;
  const service = await startService(
    { search: collection, describe: async () => description, close: async () => undefined },
    { rate: { perSecond: 1e6, burst: 1e6, clients: 10 } },
  );
  const remote = await RemoteCollection.open(service.address);
  const figures = await measure({ search: remote }, queries, truth, 'hnsw');
  await service.close(100);
  return figures;
}

async function throughput(
  search: CollectionSearch,
  queries: readonly Float32Array[],
): Promise<number> {
  const began = performance.now();
  const left = [...queries, ...queries, ...queries];
  const count = left.length;
  const one = async () => {
    for (let query = left.pop(); query; query = left.pop()) {
      await search.search(query, { k: K, engine: 'hnsw' });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  return (1000 * count) / (performance.now() - began);
}

/** The plain scan against the index on smaller collections. */
async function measureSizes(
  db: Database,
  open: (params: PostgresParams, rows: number) => Promise<Measured>,
  vectors: ClusteredVectors,
  dim: number,
  queries: readonly Float32Array[],
  n: number,
) {
  const sizes = [];
  for (const rows of SIZES.filter((size) => size < n)) {
    const loaded = await clusteredCollection(vectors, rows, dim);
    await importCollection(db, loaded, { name: `bench-${rows}` });
    const collection = await open(POSTGRES, rows);
    const exact = await answersOf(collection.search, queries, K, 'exact');
    sizes.push({
      rows,
      hnsw: await measure(collection, queries, exact, 'hnsw'),
      exact: await measure(collection, queries, exact, 'exact'),
    });
  }
  return sizes;
}

async function versions(db: Database): Promise<string> {
  const [row] = await db.query<{ server: string; extension: string }>(
    `SELECT current_setting('server_version') AS server, extversion AS extension
     FROM pg_extension WHERE extname = 'vector'`,
  );
  return `PostgreSQL ${row?.server}, pgvector ${row?.extension}`;
}

async function sizesOf(db: Database, id: number) {
  const [row] = await db.query<{ table: number; index: number; total: number }>(
    `SELECT pg_table_size($1::regclass)::float8 AS table, pg_total_relation_size($1::regclass)::float8 AS total,
       (SELECT pg_relation_size(indexrelid)::float8 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        JOIN pg_am ON pg_am.oid = relam WHERE indrelid = $1::regclass AND amname = 'hnsw') AS index`,
    [rowsTable(id)],
  );
  return row;
}
