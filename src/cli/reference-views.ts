// What a collection keeps of its photos for matching: some photos of each label, of these the cells by which
// other photos of the label are matched.

import { createHash } from 'node:crypto';
import { throwIfAborted } from '../errors.ts';
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
import { shrunkBy } from '../training/augment/augment.ts';
import { CACHE_FOLDER, readPhoto } from './encode-photos.ts';
import { PairCache } from './pair-cache.ts';
import type { PairMatcher } from './pair-matcher.ts';

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
  const cosine = ({ embedding }: LabelPhoto) =>
    own.reduce((sum, value, i) => sum + value * embedding[i]!, 0);
  return photos
    .filter((_, i) => i !== at)
    .map((photo) => ({ photo, similarity: cosine(photo) }))
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

/** One entry for each photo that is kept; bytes as a shard has them, base64. */
type KeptLabel = readonly { readonly at: number; readonly bytes: string }[];

/**
 * Views of every label's photos, by places in `references`. Those of a label are kept between runs, under the
 * hashes of its photos and of the matcher. Throws as the matcher does, `photo-*`.
 */
export async function viewsOfAll(
  references: readonly LabelledPhoto[],
  pairs: PairMatcher,
  work: LongWork = {},
): Promise<ReadonlyMap<number, ReferenceView>> {
  const cache = await PairCache.open<KeptLabel>(CACHE_FOLDER, `views-${pairs.key.slice(0, 12)}`);
  const views = new Map<number, ReferenceView>();
  const places = references.map((reference, place) => ({ ...reference, place }));
  const groups = [...groupBy(places, ({ label }) => label).values()];
  for (const [done, photos] of groups.entries()) {
    throwIfAborted(work.signal);
    const embeddings = photos.map(({ embedding }) => bytesOf(embedding).toString('hex'));
    const named = [VIEWS, photos.map(({ sha256 }) => sha256), embeddings];
    const key = createHash('sha256').update(JSON.stringify(named)).digest('hex');
    const kept = await cache.of(key, async () => {
      const own = await referenceViews(pairs, photos, { signal: work.signal });
      return [...own].map(([at, view]) => ({
        at,
        bytes: Buffer.from(encodeViews([{ row: 0, view }])).toString('base64'),
      }));
    });
    for (const { at, bytes } of kept) {
      const [stored] = decodeViews(new Uint8Array(Buffer.from(bytes, 'base64')), 1);
      if (stored) views.set(photos[at]!.place, stored.view);
    }
    work.onProgress?.({ stage: 'match', done: done + 1, total: groups.length, unit: 'steps' });
  }
  return views;
}

/** Its own alone: an embedding may lie in a larger buffer. */
function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
