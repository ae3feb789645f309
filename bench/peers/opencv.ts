// OpenCV.js as a contender of bench/ransac-trials.ts, with our thresholds, iterations and confidence.
import { MATCH_FIELDS } from '../../src/geometry/matches.ts';
import { HOMOGRAPHY_DEFAULTS } from '../../src/geometry/presets.ts';
import type { Contender } from '../ransac-trials.ts';

/** A compiled runtime that is not there by then will not come. */
const LOAD_MS = 30_000;

/** The part of OpenCV.js that is used. No build from 4.5 to 5.0 has a fundamental matrix. */
export interface OpenCv {
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
  /** Ends in its version, among much else. */
  getBuildInformation(): string;
}

interface CvMat {
  readonly data64F: Float64Array;
  readonly rows: number;
  delete(): void;
}

/**
 * @param module what the package gives: a promise of itself (5.0), or itself, maybe not yet initialised (4.5)
 * @returns in a box: 4.5 has a `then` of its own, by which awaiting it would never end
 */
export async function openOpenCv(module: unknown): Promise<{ readonly cv: OpenCv }> {
  const given = module instanceof Promise ? await module : module;
  const cv = given as OpenCv & { onRuntimeInitialized?: () => void };
  if (!cv.Mat) {
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error('OpenCV.js does not start')), LOAD_MS);
      cv.onRuntimeInitialized = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
  return { cv };
}

/** Such as 4.5.1, which may differ from the package's own. */
export function openCvVersion(cv: OpenCv): string {
  return /OpenCV (\d+(\.\d+)+)/.exec(cv.getBuildInformation())?.[1] ?? 'of an unknown version';
}

export function openCvHomography(cv: OpenCv, method: number): Contender['find'] {
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

/** USAC_MAGSAC, which is nearest to ours, and plain RANSAC. */
export function openCvContenders(cv: OpenCv, name = 'opencv'): Contender[] {
  return [
    { name: `${name}Magsac`, find: openCvHomography(cv, cv.USAC_MAGSAC) },
    { name: `${name}Ransac`, find: openCvHomography(cv, cv.RANSAC) },
  ];
}
