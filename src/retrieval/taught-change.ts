// What changes from one version of the user's own collection to the next, where its stored rows can stay.
import { COMPACTION, type CollectionChange } from './change-collection.ts';
import type { LoadedCollection } from './loaded.ts';
import { rowVector } from './shard.ts';
import { sourceId } from './stored-rows.ts';
import type { TaughtLabel, TaughtRow } from './taught-collection.ts';
import type { CollectionRow } from './writer.ts';

/** Least cosine of an embedding to what is stored of it in fp16, for it to be the same one. */
const SAME = 0.999_99;

interface Place {
  readonly shard: number;
  readonly row: number;
}

/**
 * Null where all is written anew: labels or photos were put in another order, or described otherwise, or many
 * labels have no photo left.
 * @param before what is stored, by the same encoder
 * @param labels what is to be stored; each photo once in a label
 * @param asRow an added photo of a label, by its place
 */
export function changeFor(
  before: LoadedCollection,
  labels: readonly TaughtLabel[],
  asRow: (photo: TaughtRow, label: number) => CollectionRow,
): CollectionChange | null {
  const facts = [...before.collection.labels.map(({ photos: _, ...own }) => own)];
  const known = new Map(facts.map(({ label }, place) => [label, place]));
  const stored = storedPlaces(before);
  const live = before.shards.map(() => new Set<number>());
  const add: CollectionRow[] = [];
  let last = -1;
  for (const { facts: own, photos } of labels) {
    const place = known.get(own.label) ?? facts.length;
    if (place < last) return null;
    last = place;
    facts[place] = own;
    let latest: Place = { shard: -1, row: -1 };
    let added = false;
    for (const photo of photos) {
      const there = stored.get(keyOf(place, photo.id));
      if (!there) {
        add.push(asRow(photo, place));
        added = true;
        continue;
      }
      const follows =
        there.shard > latest.shard || (there.shard === latest.shard && there.row > latest.row);
      if (added || !follows || !isSame(before, there, photo)) return null;
      live[there.shard]!.add(there.row);
      latest = there;
    }
  }
  const empty = facts.length - labels.length;
  return empty >= COMPACTION.deadShare * facts.length ? null : { labels: facts, live, add };
}

/** Rows by label and photo; of a photo that was deleted and taught again, the row that is live. */
function storedPlaces({ shards }: LoadedCollection): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const [i, shard] of shards.entries()) {
    for (let row = 0; row < shard.rows; row++) {
      const key = keyOf(shard.labels[row]!, sourceId(shard, row));
      if (!places.has(key) || !shard.deleted.has(row)) places.set(key, { shard: i, row });
    }
  }
  return places;
}

const keyOf = (label: number, id: string) => `${label}/${id}`;

function isSame({ shards }: LoadedCollection, at: Place, { embedding }: TaughtRow): boolean {
  const shard = shards[at.shard]!;
  const vector = new Float32Array(shard.dim);
  rowVector(shard, at.row, vector);
  let [dot, norm] = [0, 0];
  for (const [d, value] of embedding.entries()) {
    dot += value * vector[d]!;
    norm += value * value;
  }
  return dot >= SAME * Math.sqrt(norm);
}
