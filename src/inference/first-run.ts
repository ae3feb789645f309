// What a matching network runs before anybody waits for it: graphs are compiled, and their numbers tested.
import { throwIfAborted } from '../errors.ts';
import type { PixelGrid } from '../imaging/decode.ts';
import { type LongWork, reportStep } from '../progress.ts';
import { seededRandom } from '../random.ts';
import {
  GOLDEN_SIDE,
  type MatcherGolden,
  type MatcherTest,
  testMatcher,
} from './matcher-golden.ts';
import type { KeptFeatures, MatchingNetwork } from './matching-network.ts';
import { type PairRunnerOptions, pairRunner } from './pair-runner.ts';

/**
 * Tests the network by its golden pair; without one, runs every graph once. Where each new shape is compiled,
 * runs those of a photo and a reference view too.
 * @returns what the test found, null without a golden pair
 * Throws `inference-failed`, `usage` for a longest side that cannot be used, `aborted`.
 */
export async function firstRun<F extends KeptFeatures>(
  network: MatchingNetwork<F>,
  options: PairRunnerOptions,
  golden: MatcherGolden | undefined,
  work: LongWork,
): Promise<MatcherTest | null> {
  reportStep(work, 'warm-up', 0);
  if (options.fixedShapes && network.views) await runWithView(network, options, work);
  if (!golden) {
    // A threshold that leaves matches, or the last graph would not run.
    const picture = { bitmap: patches() };
    await pairRunner(network, options).match(picture, picture, { threshold: 0 }, work);
    return null;
  }
  // A small side is the caller's choice, and no fault of the backend.
  const longestSide = Math.max(options.longestSide, GOLDEN_SIDE);
  const tester = pairRunner(network, { ...options, longestSide });
  const found = await testMatcher((a, b) => tester.match(a, b, {}, work), golden);
  reportStep(work, 'self-test', 1);
  return found;
}

/** The shapes of geometric verification: whoever gives the first photo need not wait until they are compiled. */
async function runWithView<F extends KeptFeatures>(
  network: MatchingNetwork<F>,
  options: PairRunnerOptions,
  work: LongWork,
): Promise<void> {
  const pairs = pairRunner(network, options);
  const picture = { bitmap: patches(), id: 'patches' };
  // Views of few cells have the shape of larger ones.
  const view = await pairs.keepView(picture, () => Int32Array.of(0));
  throwIfAborted(work.signal);
  await pairs.matchView(picture, view, { threshold: 0 }, work);
}

/** Pixels along a patch, and patches along the picture. */
const PATCH = 8;
const PATCHES = 8;

/** Grey patches, in which every network finds something. */
function patches(): PixelGrid {
  const random = seededRandom(1);
  const levels = Array.from({ length: PATCHES ** 2 }, () => Math.floor(256 * random()));
  const side = PATCH * PATCHES;
  const data = Uint8Array.from({ length: 3 * side ** 2 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const [column, row] = [pixel % side, Math.floor(pixel / side)].map((at) =>
      Math.floor(at / PATCH),
    ) as [number, number];
    return levels[row * PATCHES + column]!;
  });
  return { width: side, height: side, channels: 3, data };
}
