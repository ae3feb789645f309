// Odd photos: each gets a sane answer, or an error of ours; no numbers that are none, nothing else thrown.
import { afterAll, describe, expect, test } from 'vitest';
import { modelsFolder, readRegistry } from '../../src/cli/models.ts';
import { CairnError } from '../../src/errors.ts';
import type { PixelGrid } from '../../src/imaging/decode.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { resizeBilinear } from '../../src/imaging/resize.ts';
import { loadMatcherModel } from '../../src/inference/load-matcher.ts';
import { matchPhotos } from '../../src/inference/match-photos.ts';
import { type MatcherModel, OrtMatcher } from '../../src/inference/matcher.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import { loftrParameters } from '../../src/nets/loftr/loftr.ts';
import { LOFTR } from '../../src/nets/loftr/specs.ts';
import { startWeights } from '../../src/nets/parameters.ts';
import { folderSource } from '../../src/weights/node-source.ts';
import { cosineWeights } from './matching-weights.ts';

const LIMIT_MS = 120_000;

type Rgb = (x: number, y: number) => ArrayLike<number>;

function picture(width: number, height: number, at: Rgb): PixelGrid {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    data.set(Array.from(at(i % width, Math.floor(i / width))), 3 * i);
  }
  return { width, height, channels: 3, data };
}

/** A drawn scene at a size of its own. */
function scene(width: number, height: number): PixelGrid {
  const planes = resizeBilinear(SCENE, width, height);
  const area = width * height;
  return picture(width, height, (x, y) => [0, 1, 2].map((c) => planes[c * area + y * width + x]!));
}

const SCENE = drawScene(7, 0);
const pixelOf = ({ data, width }: PixelGrid, x: number, y: number) =>
  data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3);

const PLAIN = scene(160, 120);
const mirrored = picture(160, 120, (x, y) => pixelOf(PLAIN, 159 - x, y));
const lying = picture(120, 160, (x, y) => pixelOf(PLAIN, y, 119 - x));
const wall = (level: number) => picture(160, 120, () => [level, level, level]);

const ODD: readonly (readonly [string, PixelGrid, PixelGrid])[] = [
  ['the same pixels twice', PLAIN, PLAIN],
  ['a mirrored photo', PLAIN, mirrored],
  ['a white wall and itself', wall(255), wall(255)],
  ['a black wall and a photo', wall(0), PLAIN],
  ['sides that nothing divides', scene(157, 113), scene(131, 97)],
  ['portrait and landscape', scene(90, 160), PLAIN],
  ['40 pixels', scene(40, 30), PLAIN],
  ['40 pixels and 40 pixels', scene(40, 40), scene(30, 40)],
  ['one pixel', scene(1, 1), PLAIN],
  ['a strip', scene(160, 3), PLAIN],
  ['a photo lying on its side', PLAIN, lying],
];

function oddInputs(load: () => Promise<MatcherModel>) {
  const matcher = new OrtMatcher({ runtime: nodeRuntime(), wish: 'wasm', load });
  afterAll(() => matcher.dispose());

  test.each(ODD)('%s', { timeout: LIMIT_MS }, async (_, a, b) => {
    const found = await matchPhotos(matcher, { bitmap: a }, { bitmap: b }).catch((thrown) => {
      expect(thrown).toBeInstanceOf(CairnError);
      return null;
    });
    if (!found) return;
    if (found.identical) throw new Error('without ids, nobody knows that they are');
    const { geometry } = found;
    const { matches, inlierCount, matrix, points } = geometry;
    expect(inlierCount).toBeLessThanOrEqual(matches);
    expect(points).toHaveLength(5 * inlierCount);
    expect(points.every(Number.isFinite)).toBe(true);
    expect(matrix === null || matrix.every(Number.isFinite)).toBe(true);
    if (matches === 0) expect(inlierCount).toBe(0);
    if (inlierCount === 0) expect(matrix).toBeNull();
    for (const name of ['inlierRatio', 'spreadA', 'spreadB', 'orientation', 'score'] as const) {
      expect(Number.isFinite(geometry[name]), name).toBe(true);
    }
    // A point may be refined by half a window, in pixels of what the network saw: here, of the photo.
    for (let at = 0; at < points.length; at += 5) {
      const [xa, ya, xb, yb] = points.subarray(at, at + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      for (const [x, side] of [
        [xa, a.width],
        [ya, a.height],
        [xb, b.width],
        [yb, b.height],
      ] as const) {
        expect(x).toBeGreaterThan(-5);
        expect(x).toBeLessThan(side + 5);
      }
    }
  });

  test('files of one hash', { timeout: LIMIT_MS }, async () => {
    const input = { bitmap: PLAIN, id: 'hash' };
    expect(await matchPhotos(matcher, input, { ...input })).toEqual({ identical: true });
  });
  return matcher;
}

describe('random weights', () => {
  oddInputs(async () => ({ spec: 'tiny', weights: startWeights(loftrParameters(LOFTR.tiny!), 1) }));
});

describe('random weights on sides that are multiples of 16', () => {
  const weights = startWeights(loftrParameters(LOFTR['tiny-lite']!), 1);
  oddInputs(async () => ({ spec: 'tiny-lite', weights }));
});

describe('weights that match by angles', () => {
  const matcher = oddInputs(async () => ({ spec: 'tiny', weights: cosineWeights('tiny') }));

  test('find a photo in itself, and in no wall', { timeout: LIMIT_MS }, async () => {
    const inliers = async (b: PixelGrid) => {
      const found = await matchPhotos(matcher, { bitmap: PLAIN }, { bitmap: b });
      return found.identical ? 0 : found.geometry.inlierCount;
    };
    const own = await inliers(PLAIN);
    expect(own).toBeGreaterThan(50);
    expect(await inliers(wall(0))).toBeLessThan(own / 4);
  });
});

const { defaultMatcher } = await readRegistry();

describe('the default matcher', () => {
  const source = folderSource(modelsFolder());
  const matcher = oddInputs(() => loadMatcherModel(source, defaultMatcher));

  test('finds a scene in another view of it, and not in a wall', {
    timeout: LIMIT_MS,
  }, async () => {
    const inliers = async (b: PixelGrid) => {
      const found = await matchPhotos(matcher, { bitmap: SCENE }, { bitmap: b });
      return found.identical ? 0 : found.geometry.inlierCount;
    };
    const right = await inliers(drawScene(7, 1));
    expect(right).toBeGreaterThan(40);
    expect(await inliers(wall(255))).toBeLessThan(right / 4);
  });
});
