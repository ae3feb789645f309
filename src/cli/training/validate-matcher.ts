// Validation of a matcher in training: its averaged weights, run on onnxruntime as recognition runs them.
import { chooseBackend } from '../../inference/backend.ts';
import { openLoftr } from '../../inference/loftr-network.ts';
import { nodeRuntime } from '../../inference/node-runtime.ts';
import type { MatchingPicture } from '../../matching/picture.ts';
import { COARSE_STRIDE } from '../../nets/loftr/specs.ts';
import type { PairBatch } from '../../training/matcher/make-pairs.ts';
import { type MatcherScores, type ScoredPair, scorePairs } from '../../training/matcher/scores.ts';
import type { Weights } from '../../weights/safetensors.ts';
import { progressLine } from '../output.ts';

/** Throws `inference-failed`. */
export async function validateMatcher(
  weights: Weights,
  spec: string,
  batches: readonly PairBatch[],
): Promise<MatcherScores> {
  const onProgress = progressLine('validate');
  const total = 2 * batches.reduce((sum, { count }) => sum + count, 0);
  const runtime = nodeRuntime();
  const choice = chooseBackend(runtime.defaultWish, await runtime.facts());
  const network = await openLoftr(runtime, choice, weights, spec);
  const scored: ScoredPair[] = [];
  try {
    for (const batch of batches) {
      for (let n = 0; n < batch.count; n++) {
        const first = await network.features(pictureOf(batch, n));
        const second = await network.features(pictureOf(batch, batch.count + n));
        const { points } = await network.match(first, second);
        const between = Array.from(batch.between.subarray(9 * n, 9 * n + 9));
        scored.push({ points, between, view: batch });
        onProgress({ stage: 'encode', done: 2 * scored.length, total, unit: 'photos' });
      }
    }
  } finally {
    await network.release();
  }
  return scorePairs(scored);
}

/** A view of a batch: nothing is padded, and pixels are its own. */
function pictureOf({ pixels, width, height }: PairBatch, n: number): MatchingPicture {
  const [columns, rows] = [width / COARSE_STRIDE, height / COARSE_STRIDE];
  const size = { width, height };
  return {
    ...size,
    pixels: pixels.slice(n * width * height, (n + 1) * width * height),
    cells: { width: columns, height: rows, seenWidth: columns, seenHeight: rows },
    shrunk: size,
    original: size,
  };
}
