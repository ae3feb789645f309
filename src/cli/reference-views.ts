// What a collection keeps of its photos for matching: some photos of each label, of these the cells by which
// other photos of the label are matched.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CairnError, throwIfAborted } from '../errors.ts';
import { groupBy } from '../evaluation/group.ts';
import { MATCH_FIELDS } from '../geometry/matches.ts';
import { decodePhoto } from '../imaging/decode-node.ts';
import { matchInput, matchPhotos } from '../inference/match-photos.ts';
import type { MatchInput } from '../inference/pair-runner.ts';
import type { ReferenceView } from '../matching/reference-view.ts';
import { CellWorth } from '../matching/select-cells.ts';
import type { LongWork } from '../progress.ts';
import { decodeViews, encodeViews } from '../retrieval/reference-section.ts';
import { representatives } from '../retrieval/representatives.ts';
import { dot } from '../tensor/dot.ts';
import { shrunkBy } from '../training/augment/augment.ts';
import type { EmbeddingOf, PhotoReference } from './build-collection.ts';
import { CACHE_FOLDER, type CheckedWork, readPhoto } from './encode-photos.ts';
import type { PairMatcher } from './pair-matcher.ts';
import { RecordFile } from './record-file.ts';

/** How much is kept: what 40 KB a label hold. Set by hand; what it is worth is in docs/matching.md. */
export const VIEWS = {
  /** Photos of a label. */
  photos: 4,
  /** Cells of a photo: 100 bytes each with 96 numbers. */
  cells: 100,
  /** Other photos of the label that each is matched with. */
  others: 5,
  /** Inliers from which on two photos are taken to show the same. */
  leastInliers: 12,
  /** What a match with the photo itself, shrunk, is worth beside one with another photo. */
  selfWorth: 0.5,
  /** By how much it is shrunk for that, from what the network sees of it. */
  selfScale: 0.75,
} as const;

/** A photo of one label, with its embedding. */
export interface LabelPhoto {
  readonly file: string;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  readonly embedding: Float32Array;
}

/**
 * Of one label's photos: views by place in `photos`. Photos that cannot be read were left out before.
 * Throws as the matcher does, `photo-*`.
 */
export async function referenceViews(
  pairs: Pick<PairMatcher, 'matcher' | 'longestSide'>,
  photos: readonly LabelPhoto[],
  work: LongWork = {},
): Promise<ReadonlyMap<number, ReferenceView>> {
  const chosen = representatives(
    photos.map(({ embedding }) => embedding),
    VIEWS.photos,
  );
  const { matcher } = pairs;
  const views = new Map<number, ReferenceView>();
  for (const at of chosen) {
    const own = photos[at]!; // chosen from them
    const input = await load(own);
    const points: { x: number; y: number; worth: number }[] = [];
    for (const other of nearestOf(photos, at)) {
      const found = await matchPhotos(matcher, input, await load(other), {}, work);
      if (found.identical || found.geometry.inlierCount < VIEWS.leastInliers) continue;
      for (const [x, y] of pointsOf(found.geometry.points)) points.push({ x, y, worth: 1 });
    }
    for (const [x, y, confidence] of await matchesWithItself(pairs, own, input, work)) {
      points.push({ x, y, worth: VIEWS.selfWorth * confidence });
    }
    const view = await matcher.keepView(
      input,
      (picture, cell) => {
        const worth = new CellWorth(picture.cells, picture, cell);
        for (const { x, y, worth: value } of points) worth.add(x, y, value);
        return worth.best(VIEWS.cells);
      },
      work,
    );
    if (view.cells.length > 0) views.set(at, view);
  }
  return views;
}

async function load({ file, sha256 }: LabelPhoto): Promise<MatchInput> {
  return matchInput(await decodePhoto(await readPhoto(file)), sha256);
}

/** The photos that look most alike, as a photo of the same view would. */
function nearestOf(photos: readonly LabelPhoto[], at: number): readonly LabelPhoto[] {
  const own = photos[at]!.embedding;
  return photos
    .filter((_, i) => i !== at)
    .map((photo) => ({ photo, similarity: dot(own, photo.embedding) }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, VIEWS.others)
    .map(({ photo }) => photo);
}

function* pointsOf(points: Float32Array): Generator<[x: number, y: number, confidence: number]> {
  for (let at = 0; at < points.length; at += MATCH_FIELDS) {
    yield [points[at]!, points[at + 1]!, points[at + 4]!];
  }
}

/** What can be found again of a photo that was shrunk: cells that no other photo has matched yet are ranked by it. */
async function matchesWithItself(
  { matcher, longestSide }: Pick<PairMatcher, 'matcher' | 'longestSide'>,
  { sha256 }: LabelPhoto,
  input: MatchInput,
  work: LongWork,
) {
  const { bitmap, original = bitmap } = input;
  // What is larger is shrunk by the matcher: shrunk from there, it would be seen as it was before.
  const seen = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const small = shrunkBy(bitmap, VIEWS.selfScale * seen);
  const again = { bitmap: small, original, id: `${sha256}-small` };
  const { points } = await matcher.match(input, again, {}, work);
  await matcher.forget(again.id);
  return pointsOf(points);
}

/** A reference photo as a collection is built from. */
export interface LabelledPhoto extends LabelPhoto {
  readonly label: string;
}

/** What finds views; `key` changes with all that they depend on besides the photos. */
export type ViewMatcher = Pick<PairMatcher, 'key' | 'matcher' | 'longestSide'>;

/** Views of references, on disk. */
export interface StoredViews {
  /** How many references have one. */
  readonly size: number;
  /** Places of the references that have one. */
  places(): Iterable<number>;
  /** Read from the file. Throws `storage-failed` where it is damaged by now. */
  get(place: number): Promise<ReferenceView | undefined>;
  close(): Promise<void>;
}

/**
 * Finds the views of every label's photos, label by label, by places in `references`. Those of a label are kept
 * between runs, under the hashes of its photos and of the matcher; in memory are the embeddings of one label.
 * Throws as the matcher does, `photo-*`, `storage-*`.
 */
export async function storeViews<R extends PhotoReference>(
  references: readonly R[],
  embeddingOf: EmbeddingOf<R>,
  pairs: ViewMatcher,
  work: CheckedWork = {},
): Promise<StoredViews> {
  const name = `views-${pairs.key.slice(0, 12)}.records`;
  const records = await RecordFile.open(join(CACHE_FOLDER, name));
  /** Where each view is: the record of its label, and the photo's place among so many of the label. */
  const stored = new Map<
    number,
    { readonly key: string; readonly at: number; readonly of: number }
  >();
  try {
    const groups = [...groupBy(references.keys(), (place) => references[place]!.label).values()];
    for (const [done, places] of groups.entries()) {
      throwIfAborted(work.signal);
      await work.before?.();
      const photos: LabelPhoto[] = [];
      for (const place of places) {
        const reference = references[place]!; // a place of theirs
        const { file, sha256 } = reference;
        photos.push({ file, sha256, embedding: await embeddingOf(reference) });
      }
      const key = viewsKey(photos);
      let bytes = await records.get(key);
      if (!bytes) {
        const own = await referenceViews(pairs, photos, { signal: work.signal });
        const ordered = [...own]
          .map(([row, view]) => ({ row, view }))
          .sort((a, b) => a.row - b.row);
        bytes = Buffer.from(encodeViews(ordered));
        await records.put(key, bytes);
      }
      decodeViews(bytes, photos.length, (at) => {
        stored.set(places[at]!, { key, at, of: photos.length });
        return false; // where it is is enough
      });
      work.onProgress?.({ stage: 'match', done: done + 1, total: groups.length, unit: 'steps' });
    }
  } catch (thrown) {
    await records.close();
    throw thrown;
  }
  return {
    size: stored.size,
    places: () => stored.keys(),
    get: async (place) => {
      const entry = stored.get(place);
      if (!entry) return undefined;
      const bytes = await records.get(entry.key);
      if (!bytes) {
        throw new CairnError(
          'storage-failed',
          `Views that were just written to ${CACHE_FOLDER} cannot be read any more.`,
          'Check the disk, and start again: what is lost is computed again.',
        );
      }
      return decodeViews(bytes, entry.of, (row) => row === entry.at)[0]?.view;
    },
    close: () => records.close(),
  };
}

/** A reference photo with its embedding at hand. */
export interface LabelledPhoto extends LabelPhoto {
  readonly label: string;
}

/** As {@link storeViews}, with all of them in memory. Throws likewise. */
export async function viewsOfAll(
  references: readonly LabelledPhoto[],
  pairs: ViewMatcher,
  work: LongWork = {},
): Promise<ReadonlyMap<number, ReferenceView>> {
  const stored = await storeViews(references, async ({ embedding }) => embedding, pairs, work);
  try {
    const views = new Map<number, ReferenceView>();
    for (const place of stored.places()) {
      const view = await stored.get(place);
      if (view) views.set(place, view);
    }
    return views;
  } finally {
    await stored.close();
  }
}

/** Changes with all that a label's views depend on besides the matcher: with how photos are decoded, by embeddings. */
function viewsKey(photos: readonly LabelPhoto[]): string {
  const hashes = photos.map(({ sha256 }) => sha256);
  const hash = createHash('sha256').update(`[${JSON.stringify(VIEWS)},${JSON.stringify(hashes)},[`);
  // JSON bit by bit: the embeddings of a large label are too long for one string.
  for (const [i, { embedding }] of photos.entries()) {
    hash.update(`${i > 0 ? ',' : ''}"${bytesOf(embedding).toString('hex')}"`);
  }
  return hash.update(']]').digest('hex');
}

/** Its own alone: an embedding may lie in a larger buffer. */
function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
