// Geometric verification of one photo: its best candidates are matched, best first, until nothing can change.

import { throwIfAborted, toPlainError } from '../errors.ts';
import type { ModelKind } from '../geometry/find.ts';
import type { Matches } from '../geometry/matches.ts';
import type { Bitmap8 } from '../imaging/decode.ts';
import type { Size } from '../matching/picture.ts';
import { type LongWork, nextTask } from '../progress.ts';
import type { VerificationPreset } from '../rerank/presets.ts';
import type { LabelScore } from '../rerank/soft-voting.ts';
import { isSettled, type ViewMatch, viewsToVerify } from '../rerank/verification.ts';
import type { MatchableReference } from '../retrieval/search.ts';
import {
  matchInput,
  matchPhotos,
  matchPhotoWithView,
  type VerifiedPoints,
} from './match-photos.ts';
import type { OrtMatcher } from './matcher.ts';
import type { MatchInput } from './pair-runner.ts';

/** What matching with one reference gave, and where. */
export interface MatchedReference extends ViewMatch {
  /** Rows [xa, ya, xb, yb, confidence] of the inliers: pixels of the photo, and of the reference photo. */
  readonly points: Matches;
  /** Null without inliers. */
  readonly model: ModelKind | null;
  /** The reference photo's sides, pixels; of its picture where that is what it was matched with. */
  readonly size: Size;
  /** Names the picture; null where it was matched with a view. */
  readonly picture: string | null;
}

export interface VerificationTask {
  /** Labels as re-ranking left them, the best first. */
  readonly ranked: readonly LabelScore[];
  readonly references: readonly MatchableReference[];
  readonly preset: VerificationPreset;
}

type Matcher = Pick<OrtMatcher, 'match' | 'matchView' | 'forget'>;

/** Decodes the picture of a reference. Throws `photo-*`. */
export type DecodePicture = (picture: Blob) => Promise<Bitmap8>;

/** Counts photos: one that was stopped may still be at work when the next begins, and must not lend its features. */
let photos = 0;

/**
 * Keeps the photo's features for as long as it is matched: nobody asks for it again. A reference whose picture cannot
 * be read is passed over.
 * @returns in the order of matching; stops early once no further reference can change the verdict. Throws as
 * `OrtMatcher.matchView` does, `aborted`.
 */
export async function verifyPhoto(
  matcher: Matcher,
  photo: Bitmap8,
  task: VerificationTask,
  decode: DecodePicture,
  work: LongWork = {},
): Promise<MatchedReference[]> {
  const id = `verified-${++photos}`;
  try {
    return await matchInTurn(matcher, matchInput(photo, id), task, decode, work);
  } finally {
    await matcher.forget(id);
  }
}

async function matchInTurn(
  matcher: Matcher,
  photo: MatchInput,
  { ranked, references, preset }: VerificationTask,
  decode: DecodePicture,
  work: LongWork,
): Promise<MatchedReference[]> {
  const chosen = viewsToVerify(ranked, references, preset);
  const found: MatchedReference[] = [];
  for (const reference of chosen) {
    const { label, row, similarity } = reference;
    await nextTask();
    throwIfAborted(work.signal);
    if (isSettled(ranked, found, preset)) break;
    const match = await matchReference(matcher, photo, reference, decode, work);
    if (!match) continue;
    const { geometry, size } = match;
    found.push({
      label,
      row,
      similarity,
      matches: geometry.matches,
      inliers: geometry.inlierCount,
      spread: geometry.spreadA,
      points: geometry.points,
      model: geometry.inlierCount > 0 ? geometry.model : null,
      size,
      picture: 'view' in reference ? null : reference.id,
    });
    work.onProgress?.({
      stage: 'match',
      done: found.length,
      total: chosen.length,
      unit: 'photos',
    });
  }
  return found;
}

/** Null where the reference's picture cannot be read. */
async function matchReference(
  matcher: Matcher,
  photo: MatchInput,
  reference: MatchableReference,
  decode: DecodePicture,
  work: LongWork,
): Promise<{ readonly geometry: VerifiedPoints; readonly size: Size } | null> {
  if ('view' in reference) {
    const { geometry } = await matchPhotoWithView(matcher, photo, reference.view, work);
    return { geometry, size: reference.view.original };
  }
  let bitmap: Bitmap8;
  try {
    bitmap = await decode(reference.picture);
  } catch (thrown) {
    if (toPlainError(thrown).code.startsWith('photo-')) return null;
    throw thrown;
  }
  // Under its file's hash its features are kept: the next photo may be matched with it, too.
  const other = matchInput(bitmap, reference.id);
  const found = await matchPhotos(matcher, photo, other, {}, work);
  if (found.identical) return null; // ids of photos and of references differ in kind
  const { width, height } = bitmap.header;
  return { geometry: found.geometry, size: { width, height } };
}
