// Beside OpenCV's USAC_MAGSAC on the scenes of scripts/golden-geometry.py: at least as many right matches,
// and errors against the truth that are no larger, by the margins below.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  fundamentalError,
  homographyError,
  type Matrix,
  type Scene,
} from '../../bench/geometry-scenes.ts';
import { findFundamental, findHomography } from '../../src/geometry/find.ts';
import { FUNDAMENTAL_DEFAULTS, HOMOGRAPHY_DEFAULTS } from '../../src/geometry/presets.ts';
import { readSafetensors, toFloat32 } from '../../src/weights/safetensors.ts';

const golden = readSafetensors(
  new Uint8Array(readFileSync(new URL('../fixtures/geometry.safetensors', import.meta.url))),
);
const SCENES = [0, 1, 2, 3, 4, 5, 6, 7];
const THRESHOLDS = [1, 2, 3];
/** One scene's estimate may be this much worse than OpenCV's at the threshold that suits it best. */
const ONE = { times: 1.3, pixels: 0.05 };
/** Over all scenes of a kind, ours may be this much worse than OpenCV at the best threshold for the kind. */
const ALL = 1.05;
/** Right matches that may be missed where OpenCV has them: those at the threshold's edge. */
const FEWER = 4;

function sceneOf(name: string): Scene {
  const values = (part: string) => toFloat32(golden.get(`${name}.${part}`)!, part);
  return {
    matches: values('matches'),
    clean: Float64Array.from(values('clean')),
    right: Array.from(golden.get(`${name}.right`)!.data, (one) => one === 1),
  };
}

function opencv(name: string, threshold: number): Matrix {
  const { data } = golden.get(`${name}.opencv.${threshold}`)!;
  return new Float64Array(data.slice().buffer);
}

/** How many right matches lie within our threshold of a model: Sampson, or from b to H a. */
function rightWithin(
  kind: 'homography' | 'fundamental',
  m: Matrix,
  scene: Scene,
  threshold: number,
) {
  const error = kind === 'homography' ? homographyError : fundamentalError;
  return scene.right.filter((right, i) => {
    if (!right) return false;
    const clean = Float64Array.from(scene.matches.subarray(5 * i, 5 * i + 4));
    return error(m, { ...scene, clean, right: [true] }) <= threshold;
  }).length;
}

describe.each([
  ['homography', findHomography, homographyError, HOMOGRAPHY_DEFAULTS.threshold],
  ['fundamental', findFundamental, fundamentalError, FUNDAMENTAL_DEFAULTS.threshold],
] as const)('%s', (kind, find, errorOf, threshold) => {
  const compared = SCENES.map((i) => {
    const name = `${kind}.${i}`;
    const scene = sceneOf(name);
    const theirs = THRESHOLDS.map((t) => opencv(name, t));
    const ours = find(scene.matches).matrix!;
    return {
      name,
      ours: errorOf(ours, scene),
      each: theirs.map((m) => errorOf(m, scene)),
      theirs: Math.min(...theirs.map((m) => errorOf(m, scene))),
      ourRight: rightWithin(kind, ours, scene, threshold),
      theirRight: Math.max(...theirs.map((m) => rightWithin(kind, m, scene, threshold))),
    };
  });

  test.each(compared)('$name: $ours px, OpenCV $theirs px', (scene) => {
    expect(scene.ours).toBeLessThan(ONE.times * scene.theirs + ONE.pixels);
    expect(scene.ourRight).toBeGreaterThanOrEqual(scene.theirRight - FEWER);
  });

  test('over all scenes', () => {
    const mean = (of: (scene: (typeof compared)[number]) => number) =>
      compared.reduce((sum, scene) => sum + of(scene), 0) / compared.length;
    const theirs = THRESHOLDS.map((_, t) => mean(({ each }) => each[t]!));
    expect(mean(({ ours }) => ours)).toBeLessThan(ALL * Math.min(...theirs));
    expect(mean(({ ourRight }) => ourRight)).toBeGreaterThan(
      mean(({ theirRight }) => theirRight) - 1,
    );
  });
});
