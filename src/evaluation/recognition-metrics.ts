// How well photos are named: GAP (the contest's metric), top-1, and how often a non-landmark slips in.

/** What was said of one query and what was true. */
export interface ScoredPrediction {
  /** The best label, whatever the kind of the verdict; null when nothing could be proposed. */
  readonly label: string | null;
  /** What predictions are ranked by; higher is surer. An abstention must score low, not be absent. */
  readonly score: number;
  /** The right labels; empty when the photo shows nothing that could be found. */
  readonly truth: readonly string[];
}

export function isRight(p: ScoredPrediction): boolean {
  return p.label !== null && p.truth.includes(p.label);
}

/**
 * Global Average Precision, also micro-AP (Perronnin, Liu and Renders, CVPR 2009), as Google Landmarks
 * scores it: all predictions in one list, best score first (ties keep their order); the sum of the
 * precision at each right one, divided by the number of queries that show a landmark. A prediction
 * for a photo without one lowers the precision of all that follow.
 * @returns 0..1; 0 when no query shows a landmark.
 */
export function globalAveragePrecision(predictions: readonly ScoredPrediction[]): number {
  const withLandmark = predictions.filter((p) => p.truth.length > 0).length;
  if (withLandmark === 0) return 0;
  const ranked = predictions.filter((p) => p.label !== null).sort((a, b) => b.score - a.score);
  let right = 0;
  let sum = 0;
  ranked.forEach((p, i) => {
    if (!isRight(p)) return;
    right += 1;
    sum += right / (i + 1);
  });
  return sum / withLandmark;
}

/** Share of the queries with a landmark whose best label is right, 0..1; 0 when there are none. */
export function top1(predictions: readonly ScoredPrediction[]): number {
  const withLandmark = predictions.filter((p) => p.truth.length > 0);
  if (withLandmark.length === 0) return 0;
  return withLandmark.filter(isRight).length / withLandmark.length;
}

/**
 * Area under the ROC curve: the chance that a random positive scores above a random negative, ties
 * counting half (Mann–Whitney U). NaN when either side is empty.
 */
export function areaUnderRoc(positives: readonly number[], negatives: readonly number[]): number {
  if (positives.length === 0 || negatives.length === 0) return Number.NaN;
  const all = [
    ...positives.map((score) => ({ score, positive: true })),
    ...negatives.map((score) => ({ score, positive: false })),
  ].sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let i = 0; i < all.length; ) {
    let j = i;
    while (j < all.length && all[j]?.score === all[i]?.score) j += 1;
    const meanRank = (i + 1 + j) / 2;
    for (let t = i; t < j; t += 1) if (all[t]?.positive) rankSum += meanRank;
    i = j;
  }
  const n = positives.length;
  return (rankSum - (n * (n + 1)) / 2) / (n * negatives.length);
}

/**
 * The score that still accepts `share` of the rightly named queries.
 * @returns +Infinity when nothing was named rightly.
 */
export function thresholdAccepting(
  predictions: readonly ScoredPrediction[],
  share: number,
): number {
  const scores = predictions
    .filter(isRight)
    .map((p) => p.score)
    .sort((a, b) => b - a);
  return scores[Math.ceil(share * scores.length) - 1] ?? Number.POSITIVE_INFINITY;
}

/**
 * The least score that at most `share` of the given scores exceed or reach: for scores of photos that
 * should be refused.
 */
export function thresholdRefusing(scores: readonly number[], share: number): number {
  const sorted = [...scores].sort((a, b) => b - a);
  const first = sorted[Math.floor(share * sorted.length)] ?? 0;
  return first + Number.EPSILON;
}

/** Share of `scores` at or above the threshold, 0..1; NaN when there are none. */
export function shareAccepted(scores: readonly number[], threshold: number): number {
  if (scores.length === 0) return Number.NaN;
  return scores.filter((s) => s >= threshold).length / scores.length;
}
