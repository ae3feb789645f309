// Trials of the estimators of two-view geometry on drawn matches: how long they take, and how often they are right.
import { findFundamental, findHomography } from '../src/geometry/find.ts';
import type { Matches } from '../src/geometry/matches.ts';
import {
  fundamentalError,
  homographyError,
  type Matrix,
  planeScene,
  type Scene,
  type SceneOptions,
  spaceScene,
} from './geometry-scenes.ts';
import { timing } from './statistics.ts';

/** A right model brings matches without noise to within this many pixels, root mean square. */
const RIGHT_PX = 1;
const WARM_UP = 50;
/** Of the first scene that counts. */
const FIRST_SEED = 10_000;

/** The scenes that the goal speaks of: noise of 1 px in every coordinate. */
export const USUAL_SCENE = { count: 1000, outliers: 0.5, noise: 1, informative: true } as const;

export interface TrialOptions {
  /** Scenes, drawn by seeds of their own. */
  readonly trials: number;
  readonly scene: Omit<SceneOptions, 'seed'>;
}

export interface Contender {
  readonly name: string;
  readonly find: (matches: Matches) => Matrix | null;
}

/** Planes: ours, and whoever else finds homographies. */
export function homographyTrials(options: TrialOptions, beside: readonly Contender[] = []) {
  const ours = { name: 'ours', find: (matches: Matches) => findHomography(matches).matrix };
  return measure(options, planeScene, homographyError, [ours, ...beside]);
}

/** Points in space. */
export function fundamentalTrials(options: TrialOptions) {
  const ours = { name: 'ours', find: (matches: Matches) => findFundamental(matches).matrix };
  return measure(options, spaceScene, fundamentalError, [ours]);
}

/** All contenders on each scene in turn, so that whatever slows the machine slows all. */
function measure(
  { trials, scene }: TrialOptions,
  make: (options: SceneOptions) => Scene,
  errorOf: (matrix: Matrix | null, scene: Scene) => number,
  contenders: readonly Contender[],
) {
  const runs = contenders.map(() => ({
    ms: [] as number[],
    cpu: [] as number[],
    errors: [] as number[],
  }));
  for (let trial = -WARM_UP; trial < trials; trial++) {
    const drawn = make({ ...scene, seed: FIRST_SEED + trial });
    contenders.forEach(({ find }, i) => {
      const used = process.cpuUsage();
      const began = performance.now();
      const matrix = find(drawn.matches);
      const ms = performance.now() - began;
      const { user, system } = process.cpuUsage(used);
      if (trial < 0) return;
      runs[i]!.cpu.push((user + system) / 1000);
      runs[i]!.ms.push(ms);
      runs[i]!.errors.push(errorOf(matrix, drawn));
    });
  }
  return Object.fromEntries(
    contenders.map(({ name }, i) => {
      const { ms, cpu, errors } = runs[i]!;
      const error = timing(errors);
      return [
        name,
        {
          ...timing(ms),
          fastest: Math.min(...ms),
          /** Processor time, which counts less of what else the machine does. */
          cpuMedian: timing(cpu).median,
          right: errors.filter((one) => one < RIGHT_PX).length,
          medianErrorPx: error.median,
          p95ErrorPx: error.p95,
        },
      ];
    }),
  );
}
