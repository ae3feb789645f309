// How fast and how right the estimators of two-view geometry are, alone and beside OpenCV.js.
// Run: npx tsx bench/ransac.ts [--trials 1000] [--matches 1000] [--outliers 0.5] [--noise 1]
// [--uninformative] [--opencv node_modules/@techstark/opencv-js]. Prints JSON, times in ms.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MATCH_FIELDS } from '../src/geometry/matches.ts';
import { HOMOGRAPHY_DEFAULTS } from '../src/geometry/presets.ts';
import { type Contender, fundamentalTrials, homographyTrials } from './ransac-trials.ts';

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
const scene = {
  count: Number(flags.matches),
  outliers: Number(flags.outliers),
  noise: Number(flags.noise),
  informative: !flags.uninformative,
};
const options = { trials: Number(flags.trials), scene };

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
  ...scene,
  opencvHasFundamental: opencv ? opencv.cv.findFundamentalMat !== undefined : undefined,
  homography: homographyTrials(options, beside),
  fundamental: fundamentalTrials(options),
};
console.log(JSON.stringify(result, null, 2));
// OpenCV.js keeps the process alive.
process.exit(0);
