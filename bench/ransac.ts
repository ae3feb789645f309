// How fast and how right the estimators of two-view geometry are, alone and beside OpenCV.js.
// Run: npx tsx bench/ransac.ts [--trials 1000] [--matches 1000] [--outliers 0.5] [--noise 1]
// [--uninformative] [--opencv node_modules/@techstark/opencv-js]. Prints JSON, times in ms.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findFundamental, findHomography } from '../src/geometry/find.ts';
import { MATCH_FIELDS, type Matches } from '../src/geometry/matches.ts';
import { HOMOGRAPHY_DEFAULTS } from '../src/geometry/presets.ts';
import {
  fundamentalError,
  homographyError,
  type Matrix,
  planeScene,
  type Scene,
  spaceScene,
} from '../tests/unit/geometry-scenes.ts';
import { timing } from './statistics.ts';

/** A right model brings matches without noise to within this many pixels, root mean square. */
const RIGHT_PX = 1;
const WARM_UP = 50;
/** A compiled runtime that is not there by then will not come. */
const OPENCV_LOAD_MS = 30_000;

const { values: flags } = parseArgs({
  options: {
    trials: { type: 'string', default: '1000' },
    matches: { type: 'string', default: '1000' },
    outliers: { type: 'string', default: '0.5' },
    noise: { type: 'string', default: '1' },
    uninformative: { type: 'boolean', default: false },
    opencv: { type: 'string' },
  },
});
const trials = Number(flags.trials);
const scene = (seed: number) => ({
  seed,
  count: Number(flags.matches),
  outliers: Number(flags.outliers),
  noise: Number(flags.noise),
  informative: !flags.uninformative,
});

interface Contender {
  readonly name: string;
  readonly find: (matches: Matches) => Matrix | null;
}

/** All contenders on each scene in turn, so that whatever slows the machine slows all. */
function measure<S extends Scene>(
  make: (seed: number) => S,
  errorOf: (matrix: Matrix | null, scene: Scene) => number,
  contenders: readonly Contender[],
) {
  const runs = contenders.map(() => ({
    ms: [] as number[],
    cpu: [] as number[],
    errors: [] as number[],
  }));
  for (let trial = -WARM_UP; trial < trials; trial++) {
    const drawn = make(10_000 + trial);
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

/** The part of OpenCV.js that is used; it has no fundamental matrix. */
interface OpenCv {
  readonly CV_32FC2: number;
  readonly USAC_MAGSAC: number;
  readonly RANSAC: number;
  matFromArray(rows: number, columns: number, type: number, values: number[]): CvMat;
  findHomography(
    a: CvMat,
    b: CvMat,
    method: number,
    threshold: number,
    mask: CvMat,
    maxIterations: number,
    confidence: number,
  ): CvMat;
  Mat: new () => CvMat;
  findFundamentalMat?: unknown;
}

interface CvMat {
  readonly data64F: Float64Array;
  readonly rows: number;
  delete(): void;
}

/** In a box: the module has a `then` of its own, by which awaiting it would never end. */
async function loadOpenCv(path: string): Promise<{ cv: OpenCv }> {
  const module = createRequire(import.meta.url)(resolve(path)) as OpenCv & {
    onRuntimeInitialized?: () => void;
  };
  if (!module.Mat) {
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error('OpenCV.js does not start')), OPENCV_LOAD_MS);
      module.onRuntimeInitialized = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
  return { cv: module };
}

function openCvHomography(cv: OpenCv, method: number): Contender['find'] {
  const { threshold, maxIterations, confidence } = HOMOGRAPHY_DEFAULTS;
  return (matches) => {
    const [a, b]: [number[], number[]] = [[], []];
    for (let at = 0; at < matches.length; at += MATCH_FIELDS) {
      a.push(matches[at]!, matches[at + 1]!);
      b.push(matches[at + 2]!, matches[at + 3]!);
    }
    const from = cv.matFromArray(a.length / 2, 1, cv.CV_32FC2, a);
    const to = cv.matFromArray(b.length / 2, 1, cv.CV_32FC2, b);
    const mask = new cv.Mat();
    const found = cv.findHomography(from, to, method, threshold, mask, maxIterations, confidence);
    const matrix = found.rows === 3 ? found.data64F.slice() : null;
    for (const mat of [from, to, mask, found]) mat.delete();
    return matrix;
  };
}

const opencv = flags.opencv ? await loadOpenCv(flags.opencv) : null;
const beside: Contender[] = opencv
  ? [
      { name: 'opencvMagsac', find: openCvHomography(opencv.cv, opencv.cv.USAC_MAGSAC) },
      { name: 'opencvRansac', find: openCvHomography(opencv.cv, opencv.cv.RANSAC) },
    ]
  : [];
const result = {
  bench: 'ransac',
  unit: 'ms',
  backend: 'plain TypeScript, 1 thread',
  ...scene(0),
  seed: undefined,
  opencvHasFundamental: opencv ? opencv.cv.findFundamentalMat !== undefined : undefined,
  homography: measure((seed) => planeScene(scene(seed)), homographyError, [
    { name: 'ours', find: (matches) => findHomography(matches).matrix },
    ...beside,
  ]),
  fundamental: measure((seed) => spaceScene(scene(seed)), fundamentalError, [
    { name: 'ours', find: (matches) => findFundamental(matches).matrix },
  ]),
};
console.log(JSON.stringify(result, null, 2));
// OpenCV.js keeps the process alive.
process.exit(0);
