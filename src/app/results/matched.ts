// Which reference a photo agrees with best, and the points in which it does.
import { MATCH_FIELDS } from '../../geometry/matches.ts';
import { VERIFICATION } from '../../rerank/presets.ts';
import type { Verdict, VerifiedReference } from '../../verdict.ts';

/** Of the landmark that leads; null where no reference agrees in more details than chance gives. */
export function bestMatched(verdict: Verdict): VerifiedReference | null {
  const leader = verdict.candidates[0]?.label;
  const agreeing = (verdict.evidence.verification ?? [])
    .filter(({ label, inliers }) => label === leader && inliers > VERIFICATION.floor)
    .sort((a, b) => b.inliers - a.inliers);
  return agreeing[0] ?? null;
}

export interface MatchedLine {
  /** Pixels of the photo as it is shown, counted from its edges. */
  readonly from: readonly [x: number, y: number];
  /** Likewise of the reference photo. */
  readonly to: readonly [x: number, y: number];
  /** 0..1 */
  readonly confidence: number;
}

/** The surest first. @param points as in {@link VerifiedReference} */
export function matchedLines(points: Float32Array): MatchedLine[] {
  const lines = Array.from({ length: points.length / MATCH_FIELDS }, (_, i): MatchedLine => {
    const [xa = 0, ya = 0, xb = 0, yb = 0, confidence = 0] = points.subarray(
      MATCH_FIELDS * i,
      MATCH_FIELDS * (i + 1),
    );
    // Edges of pixels, as drawings count them, lie half a pixel before centres.
    return { from: [xa + 0.5, ya + 0.5], to: [xb + 0.5, yb + 0.5], confidence };
  });
  return lines.sort((a, b) => b.confidence - a.confidence);
}
