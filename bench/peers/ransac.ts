// Geometry beside OpenCV.js: homographies of drawn planes, and ours alone where OpenCV.js has no function.
import { fundamentalTrials, homographyTrials, USUAL_SCENE } from '../ransac-trials.ts';
import { requirePeer, versionOf } from './install.ts';
import { openCvContenders, openCvVersion, openOpenCv } from './opencv.ts';

/** By their names among the peers: what npm gives by default, and the newest. */
const BUILDS = ['@techstark/opencv-js', 'opencv-js-5'] as const;

export interface RansacPart {
  /** By contender. */
  readonly homography: ReturnType<typeof homographyTrials>;
  readonly fundamental: ReturnType<typeof fundamentalTrials>;
  readonly builds: readonly { readonly name: string; readonly hasFundamental: boolean }[];
  readonly trials: number;
}

/** @param trials drawn scenes of 1 000 matches, half of them wrong, noise of 1 px */
export async function benchRansac(trials: number): Promise<RansacPart> {
  const opened = [];
  for (const name of BUILDS) {
    const { cv } = await openOpenCv(requirePeer(name));
    const title = `OpenCV.js ${openCvVersion(cv)}`;
    opened.push({ cv, title, version: versionOf(name) });
  }
  const options = { trials, scene: USUAL_SCENE };
  return {
    trials,
    builds: opened.map(({ cv, title, version }) => ({
      name: `${title} (package ${version})`,
      hasFundamental: cv.findFundamentalMat !== undefined,
    })),
    homography: homographyTrials(
      options,
      opened.flatMap(({ cv, title }) => openCvContenders(cv, `${title} `)),
    ),
    fundamental: fundamentalTrials(options),
  };
}
