// How fast and how right the estimators of two-view geometry are, alone and beside OpenCV.js.
// Run: npx tsx bench/ransac.ts [--trials 1000] [--matches 1000] [--outliers 0.5] [--noise 1]
// [--uninformative] [--opencv .cache/peers/node_modules/@techstark/opencv-js]. Prints JSON, times in ms.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openCvContenders, openOpenCv } from './peers/opencv.ts';
import { fundamentalTrials, homographyTrials } from './ransac-trials.ts';

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
const opencv = flags.opencv
  ? await openOpenCv(createRequire(import.meta.url)(resolve(flags.opencv)))
  : null;
const result = {
  bench: 'ransac',
  unit: 'ms',
  backend: 'plain TypeScript, 1 thread',
  ...scene,
  opencvHasFundamental: opencv ? opencv.cv.findFundamentalMat !== undefined : undefined,
  homography: homographyTrials(options, opencv ? openCvContenders(opencv.cv) : []),
  fundamental: fundamentalTrials(options),
};
console.log(JSON.stringify(result, null, 2));
// OpenCV.js keeps the process alive.
process.exit(0);
