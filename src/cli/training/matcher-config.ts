// What a matcher's training is told to do: the command's words, checked and completed from a preset.

import { COARSE_STRIDE, LOFTR } from '../../nets/loftr/specs.ts';
import { MATCHER_PRESETS, type MatcherPresetName } from '../../training/matcher/presets.ts';
import type { CoursePreset } from '../../training/trainer/presets.ts';
import { readName } from '../flags.ts';
import { usage } from '../output.ts';
import { type CourseOptions, courseOf, number, type RunConfig, runOf } from './course-config.ts';
import { LEAST_MULTIPLE } from './pair-batches.ts';

export interface MatcherOptions extends CourseOptions {
  readonly spec?: string;
  readonly preset?: string;
  /** Real pairs with known matches, JSON lines. */
  readonly pairs?: string;
  readonly pairsShare?: string;
}

export interface MatcherConfig extends CoursePreset, RunConfig {
  readonly arch: 'loftr';
  readonly spec: string;
  /** Weights to start from. */
  readonly init: string | null;
  readonly pairs: string | null;
  /** Of a batch that are real pairs, on average. */
  readonly pairsShare: number;
}

/** What is real in a batch unless told otherwise, where there are real pairs. */
const USUAL_SHARE = 0.3;
/** Two coarse cells within a border of two on each side: less has nothing to match at recognition. */
const LEAST_SIDE = 6 * COARSE_STRIDE;

/** Sizes of our own: the published ones count pixels from elsewhere (`firstPixel`). */
const SPECS = Object.keys(LOFTR).filter((name) => LOFTR[name]!.firstPixel === 0);

/** Throws `usage` naming what can be given. */
export function matcherConfig(options: MatcherOptions): MatcherConfig {
  const names = Object.keys(MATCHER_PRESETS) as MatcherPresetName[];
  const preset = MATCHER_PRESETS[readName('--preset', options.preset ?? 'compact', names)];
  const course = courseOf(options, preset, 1);
  for (const { size, epochs } of course.stages) {
    if (size % LEAST_MULTIPLE === 0 && size >= LEAST_SIDE && epochs % 1 === 0) continue;
    throw usage(
      `A stage of ${epochs} epochs at ${size} pixels cannot be trained.`,
      `Give sizes from ${LEAST_SIDE} that are multiples of ${LEAST_MULTIPLE}, and whole epochs.`,
    );
  }
  if (options.pairsShare !== undefined && options.pairs === undefined) {
    throw usage('--pairs-share says nothing without real pairs.', 'Add --pairs FILE.');
  }
  return {
    ...course,
    arch: 'loftr',
    spec: readName('--spec', options.spec ?? 'lite0', SPECS),
    init: options.init ?? null,
    pairs: options.pairs ?? null,
    pairsShare: options.pairs
      ? number('--pairs-share', options.pairsShare, USUAL_SHARE, { over: 0, most: 1 })
      : 0,
    ...runOf(options),
  };
}
