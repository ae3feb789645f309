// Geometric verification of one photo: its best candidates are matched, best first, until nothing can change.

import { throwIfAborted } from '../errors.ts';
import type { ModelKind } from '../geometry/find.ts';
import type { Matches } from '../geometry/matches.ts';
import type { Size } from '../matching/picture.ts';
import type { LongWork } from '../progress.ts';
import type { VerificationPreset } from '../rerank/presets.ts';
import type { LabelScore } from '../rerank/soft-voting.ts';
import { isSettled, type ViewMatch, viewsToVerify } from '../rerank/verification.ts';
import type { StoredReference } from '../retrieval/search.ts';
import { matchPhotoWithView } from './match-photos.ts';
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

/**
 * @returns in the order of matching; stops early once no further reference can change the verdict. Throws as
 * `OrtMatcher.matchView` does, `aborted`.
 */
export async function verifyPhoto(
  matcher: Pick<OrtMatcher, 'matchView'>,
  photo: MatchInput,
  { ranked, references, preset }: VerificationTask,
  work: LongWork = {},
): Promise<MatchedReference[]> {
  const views = new Map(references.map(({ row, view }) => [row, view]));
  const chosen = viewsToVerify(ranked, references, preset);
  const found: MatchedReference[] = [];
  for (const { label, row, similarity } of chosen) {
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
