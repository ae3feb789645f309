// Geometric verification of one photo: its best candidates are matched, best first, until nothing can change.

import { throwIfAborted } from '../errors.ts';
import type { ModelKind } from '../geometry/find.ts';
import type { Matches } from '../geometry/matches.ts';
import type { Bitmap8 } from '../imaging/decode.ts';
import type { Size } from '../matching/picture.ts';
import { type LongWork, nextTask } from '../progress.ts';
import type { VerificationPreset } from '../rerank/presets.ts';
import type { LabelScore } from '../rerank/soft-voting.ts';
import { isSettled, type ViewMatch, viewsToVerify } from '../rerank/verification.ts';
import type { StoredReference } from '../retrieval/search.ts';
import { matchInput, matchPhotoWithView } from './match-photos.ts';
import type { OrtMatcher } from './matcher.ts';
import type { MatchInput } from './pair-runner.ts';

/** What matching with one reference gave, and where. */
export interface MatchedReference extends ViewMatch {
  /** Rows [xa, ya, xb, yb, confidence] of the inliers: pixels of the photo, and of the reference photo. */
  readonly points: Matches;
  /** Null without inliers. */
  readonly model: ModelKind | null;
  /** The reference photo's sides, pixels. */
  readonly size: Size;
}

export interface VerificationTask {
  /** Labels as re-ranking left them, the best first. */
  readonly ranked: readonly LabelScore[];
  readonly references: readonly StoredReference[];
  readonly preset: VerificationPreset;
}

type ViewMatcher = Pick<OrtMatcher, 'matchView' | 'forget'>;

/** Counts photos: one that was stopped may still be at work when the next begins, and must not lend its features. */
let photos = 0;

/**
 * Keeps the photo's features for as long as it is matched: nobody asks for it again.
 * @returns in the order of matching; stops early once no further reference can change the verdict. Throws as
 * `OrtMatcher.matchView` does, `aborted`.
 */
export async function verifyPhoto(
  matcher: ViewMatcher,
  photo: Bitmap8,
  task: VerificationTask,
  work: LongWork = {},
): Promise<MatchedReference[]> {
  const id = `verified-${++photos}`;
  try {
    return await matchInTurn(matcher, matchInput(photo, id), task, work);
  } finally {
    await matcher.forget(id);
  }
}

async function matchInTurn(
  matcher: ViewMatcher,
  photo: MatchInput,
  { ranked, references, preset }: VerificationTask,
  work: LongWork,
): Promise<MatchedReference[]> {
  const views = new Map(references.map(({ row, view }) => [row, view]));
  const chosen = viewsToVerify(ranked, references, preset);
  const found: MatchedReference[] = [];
  for (const { label, row, similarity } of chosen) {
    await nextTask();
    throwIfAborted(work.signal);
    if (isSettled(ranked, found, preset)) break;
    const view = views.get(row)!; // chosen from them
    const { geometry } = await matchPhotoWithView(matcher, photo, view, work);
    found.push({
      label,
      row,
      similarity,
      matches: geometry.matches,
      inliers: geometry.inlierCount,
      spread: geometry.spreadA,
      points: geometry.points,
      model: geometry.inlierCount > 0 ? geometry.model : null,
      size: view.original,
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
