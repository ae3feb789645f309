// Pictures drawn by code: invented landmarks seen in several views, and things that are none. They
// serve the encoder's self-test and the tests that must run where no photo is at hand.
import { invert3, multiply3 } from '../geometry/linear.ts';
import type { PixelGrid } from './decode.ts';
import { GROUND } from './drawn/kit.ts';
import { landmarkShapes } from './drawn/landmarks.ts';
import { otherShapes } from './drawn/others.ts';
import {
  chance,
  ellipse,
  gradient,
  hash,
  hsv,
  type Paint,
  type Rgb,
  rectangle,
  rough,
  type Shape,
  smoothNoise,
} from './drawn/shapes.ts';

export interface Drawing extends PixelGrid {
  readonly channels: 3;
  readonly data: Uint8Array;
}

/** Pixels of a drawing. */
export const DRAWN = { width: 320, height: 240 } as const;

/** Samples across a pixel, each way. */
const SAMPLES = 2;
/** Strongest sensor noise, in levels of 255. */
const GRAIN = 6;

type Homography = readonly [number, number, number, number, number, number, number, number];

/** How a picture is taken: a map from picture to scene, and how light falls. */
interface Camera {
  /** From picture coordinates to the scene's plane: row-major 3 × 3, the last entry 1 left out. */
  readonly toScene: Homography;
  readonly gain: number;
  readonly warmth: number;
  readonly grainSeed: number;
}

/** View 0 looks straight at it; every other is moved, turned, tilted and lit a little otherwise. */
function cameraOf(seed: number, view: number): Camera {
  const c = chance(hash(seed, 77), view);
  const little = (reach: number): number => (view === 0 ? 0 : c.between(-reach, reach));
  const angle = little(0.1);
  const zoom = 1 + little(0.16);
  const cos = Math.cos(angle) * zoom;
  const sin = Math.sin(angle) * zoom;
  return {
    toScene: [cos, -sin, little(0.12), sin, cos, little(0.1), little(0.09), little(0.09)],
    gain: 1 + little(0.18),
    warmth: little(0.06),
    grainSeed: hash(seed, view + 1000),
  };
}

/** Pixels a side of the tiles for which shapes are sifted once. */
const TILE = 16;

/** Shapes, front first, whose boxes touch the box around the given points of the scene. */
function shapesAround(
  frontFirst: readonly Shape[],
  points: readonly (readonly number[])[],
): Shape[] {
  const xs = points.map((point) => point[0]!);
  const ys = points.map((point) => point[1]!);
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const [y0, y1] = [Math.min(...ys), Math.max(...ys)];
  return frontFirst.filter(
    ({ box }) => x1 >= box[0] && y1 >= box[1] && x0 <= box[2] && y0 <= box[3],
  );
}

/** The front-most shape's colour at a point of the scene. */
function colourAt(frontFirst: readonly Shape[], x: number, y: number): Rgb {
  for (const { box, inside, paint } of frontFirst) {
    if (x >= box[0] && y >= box[1] && x <= box[2] && y <= box[3] && inside(x, y))
      return paint(x, y);
  }
  return [0, 0, 0];
}

/** `shapes` go from back to front; the first covers everything. */
function render(shapes: readonly Shape[], camera: Camera): Drawing {
  const { width, height } = DRAWN;
  const data = new Uint8Array(width * height * 3);
  const [a, b, c, d, e, f, g, h] = camera.toScene;
  const light = [camera.gain * (1 + camera.warmth), camera.gain, camera.gain * (1 - camera.warmth)];
  const frontFirst = shapes.toReversed();
  const toScene = (px: number, py: number): [number, number] => {
    const u = (2 * px - width) / height;
    const v = (2 * py - height) / height;
    const w = g * u + h * v + 1;
    return [(a * u + b * v + c) / w, (d * u + e * v + f) / w];
  };
  const drawPixel = (near: readonly Shape[], x: number, y: number): void => {
    const sum = [0, 0, 0];
    for (let s = 0; s < SAMPLES * SAMPLES; s++) {
      const across = x + ((s % SAMPLES) + 0.5) / SAMPLES;
      const down = y + (Math.floor(s / SAMPLES) + 0.5) / SAMPLES;
      const colour = colourAt(near, ...toScene(across, down));
      for (let k = 0; k < 3; k++) sum[k]! += colour[k]!;
    }
    const grain = (hash(camera.grainSeed, y * width + x) / 2 ** 32 - 0.5) * GRAIN;
    for (let k = 0; k < 3; k++) {
      const value = (sum[k]! * light[k]!) / SAMPLES ** 2 + grain;
      data[(y * width + x) * 3 + k] = Math.max(0, Math.min(255, Math.round(value)));
    }
  };
  for (let top = 0; top < height; top += TILE) {
    for (let left = 0; left < width; left += TILE) {
      const [right, bottom] = [left + TILE, top + TILE];
      // A homography keeps lines straight, so a tile's corners bound it.
      const near = shapesAround(frontFirst, [
        toScene(left, top),
        toScene(right, top),
        toScene(left, bottom),
        toScene(right, bottom),
      ]);
      for (let y = top; y < Math.min(bottom, height); y++) {
        for (let x = left; x < Math.min(right, width); x++) drawPixel(near, x, y);
      }
    }
  }
  return { width, height, channels: 3, data };
}

const FAR = 9;

/** Sky and ground of a scene; clouds and bushes are those of the day, so of the view. */
function surroundings(seed: number, view: number): { back: Shape[]; front: Shape[] } {
  const own = chance(seed, 2);
  const day = chance(hash(seed, 5), view);
  const skyHue = own.pick([0.58, 0.6, 0.55, 0.08, 0.75]);
  const sky = gradient(hsv(skyHue, 0.6, 0.8), hsv(skyHue + 0.03, 0.2, 0.97), -1, GROUND);
  const cloudSeed = day.whole(0, 9999);
  const clouded: Paint = (x, y) => {
    const [r, g, b] = sky(x, y);
    const cloud = Math.max(0, smoothNoise(x, y * 2.5, 1.7, cloudSeed) - 0.55) * 1.6;
    return [r + (250 - r) * cloud, g + (250 - g) * cloud, b + (250 - b) * cloud];
  };
  const ground = hsv(
    own.pick([0.3, 0.25, 0.12, 0.55, 0.08]),
    own.between(0.2, 0.5),
    own.between(0.35, 0.7),
  );
  const green = hsv(0.3 + day.between(-0.05, 0.05), 0.6, 0.4);
  const bushes = Array.from({ length: day.whole(2, 5) }, (_, i) =>
    ellipse(
      day.between(-1.5, 1.5),
      GROUND + day.between(0.1, 0.3),
      day.between(0.1, 0.2),
      day.between(0.08, 0.16),
      rough(gradient(green, hsv(0.3, 0.7, 0.2), GROUND, GROUND + 0.4), 0.35, 14, seed + i),
    ),
  );
  return {
    back: [
      rectangle(-FAR, -FAR, FAR, FAR, clouded),
      rectangle(
        -FAR,
        GROUND,
        FAR,
        FAR,
        rough(gradient(ground, hsv(0.1, 0.2, 0.3), GROUND, 1.6), 0.2, 6, seed),
      ),
    ],
    front: bushes,
  };
}

/**
 * An invented landmark. Scenes of different seeds look clearly different, views of one seed alike.
 * View 0 has the same bytes on every machine; others may differ by a level where engines round
 * sines otherwise.
 * @param seed whole number ≥ 0
 * @param view 0 = straight on; any other whole number ≥ 1 = a view of its own
 */
export function drawScene(seed: number, view: number): Drawing {
  const { back, front } = surroundings(seed, view);
  return render([...back, ...landmarkShapes(seed), ...front], cameraOf(seed, view));
}

/**
 * A picture with no landmark in it: food on a plate, cloth, pebbles, a written page, lights, a face.
 * @param seed whole number ≥ 0; its kind is `seed` modulo six
 */
export function drawOther(seed: number): Drawing {
  return render(otherShapes(seed), cameraOf(hash(seed, 31), 1));
}

/**
 * Where a view of a scene shows what another shows: 3 × 3, row-major, from pixels of the one to those of the
 * other, the centre of the first pixel at (0, 0). Exact for all that belongs to the scene; clouds and bushes
 * are those of a view.
 */
export function betweenViews(seed: number, from: number, to: number): Float64Array {
  const { width, height } = DRAWN;
  const toPlane = (view: number) => {
    // As render() looks at the middle of a pixel.
    const ofPixels = [2 / height, 0, (1 - width) / height, 0, 2 / height, (1 - height) / height];
    const product = new Float64Array(9);
    const { toScene } = cameraOf(seed, view);
    multiply3(Float64Array.of(...toScene, 1), Float64Array.of(...ofPixels, 0, 0, 1), product);
    return product;
  };
  const back = new Float64Array(9);
  invert3(toPlane(to), back);
  const between = new Float64Array(9);
  multiply3(back, toPlane(from), between);
  return between.map((value) => value / between[8]!);
}
