// A collection with rows added and rows deleted, most of its shards untouched: deleted rows are marked where they
// lie, added ones become a shard of their own, and shards are joined before they grow many or mostly dead.
import { CairnError } from '../errors.ts';
import { type Collection, MAX_SHARD_BYTES, type ShardEntry } from './collection.ts';
import { hasPhotos, type LabelFacts } from './labels.ts';
import type { LoadedCollection } from './loaded.ts';
import type { Shard } from './shard.ts';
import { storedRows } from './stored-rows.ts';
import {
  type CollectionFile,
  type CollectionHead,
  type CollectionRow,
  type KeptShard,
  type WriteOptions,
  writeCollection,
} from './writer.ts';

export const COMPACTION = {
  /** Share of a shard's rows that are dead from which on it is written anew. */
  deadShare: 0.25,
} as const;

export interface CollectionChange {
  /** The old labels in their old places, whatever is now said of them, and new ones after them. */
  readonly labels: readonly LabelFacts[];
  /** Rows that are to be live in each shard, whether they were before or not; in the order of the shards. */
  readonly live: readonly ReadonlySet<number>[];
  readonly add: readonly CollectionRow[];
}

export interface ChangeOptions extends Pick<WriteOptions, 'maxShardBytes' | 'signal'> {
  /** When the result was made; now, if left out. */
  readonly created?: string;
}

/**
 * The files of the changed collection that are not there yet: new shards, then collection.json.
 *
 * New rows are joined with the shards before them for as long as these are no larger than what has come together
 * (the logarithmic method, Bentley & Saxe 1980): n single additions leave O(log n) small shards, and each row is
 * written O(log n) times. Rows stay in their order.
 * @throws CairnError `usage` where labels or rows do not fit, `aborted`
 */
export async function* changeCollection(
  { collection, shards }: LoadedCollection,
  { labels, live, add }: CollectionChange,
  { created, ...options }: ChangeOptions = {},
): AsyncGenerator<CollectionFile> {
  if (labels.length < collection.labels.length || live.length !== shards.length) {
    throw new CairnError('usage', 'The change does not fit the collection.', 'Read it again.');
  }
  const parts = collection.shards.map((entry, i): Part => {
    const own = live[i]!;
    return { entry, shard: { ...shards[i]!, deleted: deadOf(shards[i]!, own) }, live: own.size };
  });
  const runs = joinRuns(
    runsOf(parts, add.length),
    Math.min(options.maxShardBytes ?? MAX_SHARD_BYTES, MAX_SHARD_BYTES),
  );
  const head: CollectionHead = {
    ...collection,
    labels,
    created: created ?? new Date().toISOString(),
  };
  const dtype = shards[0]?.dtype ?? 'int8';
  yield* writeCollection(head, rowsOf(runs, add), { ...options, dtype });
}

/**
 * The files of the same collection without what is dead: rows, and labels that have no row left.
 * @throws CairnError `aborted`
 */
export async function* compactCollection(
  { collection, shards }: LoadedCollection,
  { created, ...options }: ChangeOptions = {},
): AsyncGenerator<CollectionFile> {
  const used = collection.labels.filter(hasPhotos);
  const places = new Map(used.map(({ label }, place) => [label, place]));
  function* rows(): Generator<CollectionRow> {
    for (const shard of shards) {
      for (const row of storedRows(shard)) {
        // A live row counts among its label's photos.
        yield { ...row, label: places.get(collection.labels[row.label]!.label)! };
      }
    }
  }
  const head = { ...collection, labels: used, created: created ?? new Date().toISOString() };
  const dtype = shards[0]?.dtype ?? 'int8';
  yield* writeCollection(head, rows(), { ...options, dtype });
}

/** Whether {@link compactCollection} would leave anything out. */
export function hasDead({ labels, shards }: Pick<Collection, 'labels' | 'shards'>): boolean {
  return shards.some(({ deleted }) => deleted) || !labels.every(hasPhotos);
}

/** A shard as it is to be. */
interface Part {
  readonly entry: ShardEntry;
  readonly shard: Shard;
  readonly live: number;
}

/** Neighbours that are kept or written anew together. */
interface Run {
  readonly parts: readonly Part[];
  readonly anew: boolean;
  readonly rows: number;
  /** About how large it will be. */
  readonly bytes: number;
}

/** Each shard that has a row left, and the added rows behind them. */
function runsOf(parts: readonly Part[], added: number): readonly Run[] {
  const runs = parts
    .filter(({ live }) => live > 0)
    .map((part): Run => {
      const { entry, live } = part;
      return {
        parts: [part],
        anew: entry.rows - live >= COMPACTION.deadShare * entry.rows,
        rows: live,
        bytes: (entry.bytes / entry.rows) * live,
      };
    });
  if (added === 0) return runs;
  const each = runs.map(({ bytes, rows }) => bytes / rows);
  return [...runs, { parts: [], anew: true, rows: added, bytes: added * Math.max(0, ...each) }];
}

/** A run that is written anew takes a neighbour along that is no larger, as long as one shard holds both. */
function joinRuns(given: readonly Run[], room: number): readonly Run[] {
  const runs = [...given];
  const joins = (a: Run | undefined, b: Run | undefined) =>
    a !== undefined &&
    b !== undefined &&
    a.bytes + b.bytes <= room &&
    ((a.anew && (b.anew || b.rows <= a.rows)) || (b.anew && a.rows <= b.rows));
  // From the end, where additions are: what they have taken along joins again with what lies before.
  for (let at = runs.length - 2; at >= 0; at = Math.min(at, runs.length - 1) - 1) {
    while (joins(runs[at], runs[at + 1])) {
      const [a, b] = [runs[at]!, runs[at + 1]!];
      const joined = { anew: true, rows: a.rows + b.rows, bytes: a.bytes + b.bytes };
      runs.splice(at, 2, { ...joined, parts: [...a.parts, ...b.parts] });
    }
  }
  return runs;
}

function* rowsOf(
  runs: readonly Run[],
  add: readonly CollectionRow[],
): Generator<CollectionRow | KeptShard> {
  for (const { parts, anew } of runs) {
    for (const { entry, shard } of parts) {
      if (anew) yield* storedRows(shard);
      else yield { kept: withDeleted(entry, shard.deleted), labels: shard.labels };
    }
  }
  yield* add;
}

function withDeleted(
  { file, bytes, sha256, rows }: ShardEntry,
  deleted: ReadonlySet<number>,
): ShardEntry {
  const ascending = [...deleted].sort((a, b) => a - b);
  return { file, bytes, sha256, rows, ...(deleted.size > 0 ? { deleted: ascending } : {}) };
}

function deadOf({ rows }: Shard, live: ReadonlySet<number>): ReadonlySet<number> {
  const dead = new Set<number>();
  for (let row = 0; row < rows; row++) if (!live.has(row)) dead.add(row);
  return dead;
}
