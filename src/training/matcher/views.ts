// One look at a photo: where each of its pixels comes from, drawn at random, and the grey picture it gives.
import type { PixelGrid } from '../../imaging/decode.ts';
import { LUMA } from '../../matching/picture.ts';
import { type PreparedPhoto, sharpEnough } from '../augment/augment.ts';
import { jitterColour } from '../augment/colour.ts';
import { drawAugmentation } from '../augment/draw.ts';
import type { JpegRoundTrip } from '../augment/jpeg.ts';
import { blendAt, type Size } from '../augment/warp.ts';
import { type Corner, fromUnitSquare, moved, type Plane, times } from './plane.ts';
import { NOISE, PHOTOMETRY, VIEWS } from './presets.ts';

/**
 * From a view's pixels to those of the photo that it shows; in both, the centre of the first pixel is at
 * (0, 0). The part that is seen lies within the photo as far as it can.
 * @param random uniform in [0, 1)
 */
export function drawView(photo: Size, view: Size, random: () => number): Plane {
  const within = (low: number, high: number) => low + (high - low) * random();
  const share = Math.exp(within(Math.log(VIEWS.share[0]), Math.log(VIEWS.share[1])));
  // Shares of the photo's sides, around its centre; corners as fromUnitSquare wants them.
  const half = share / 2;
  const tilt = () => share * VIEWS.perspective * cutNormal(random);
  const [left, right, keystone] = [tilt(), tilt(), tilt()];
  const angle = (within(-VIEWS.rotate, VIEWS.rotate) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const corners = (
    [
      [-half + left, -half + keystone],
      [half + right, -half - keystone],
      [half + right, half + keystone],
      [-half + left, half - keystone],
    ] as const
  ).map(([x, y]): Corner => {
    const [px, py] = [x * photo.width, y * photo.height];
    return [cos * px - sin * py, sin * px + cos * py];
  });
  const [shiftX, shiftY] = ([0, 1] as const).map((axis) => {
    const places = corners.map((corner) => corner[axis]);
    const reach = (axis === 0 ? photo.width : photo.height) / 2;
    const [low, high] = [-reach - Math.min(...places), reach - Math.max(...places)];
    // What is larger than the photo hangs over on both sides.
    return (low <= high ? within(low, high) : (low + high) / 2) + reach - 0.5;
  }) as [number, number];
  const placed = corners.map(([x, y]): Corner => [x + shiftX, y + shiftY]);
  const toUnit = [
    1 / view.width,
    0,
    0.5 / view.width,
    0,
    1 / view.height,
    0.5 / view.height,
    0,
    0,
    1,
  ];
  return times(fromUnitSquare(placed as unknown as Parameters<typeof fromUnitSquare>[0]), toUnit);
}

/** Of deviation ½, cut at two deviations: within −1..1. */
function cutNormal(random: () => number): number {
  while (true) {
    const value = roughlyNormal(random) / 2;
    if (Math.abs(value) <= 1) return value;
  }
}

/** Mean 0, deviation 1: three uniform numbers are as good as noise needs. */
function roughlyNormal(random: () => number): number {
  return 2 * (random() + random() + random() - 1.5);
}

/** Photo pixels for each pixel of the view along a side, on the whole. */
function densityOf(toPhoto: Plane, { width, height }: Size): number {
  const corners = [
    [-0.5, -0.5],
    [width - 0.5, -0.5],
    [width - 0.5, height - 0.5],
    [-0.5, height - 0.5],
  ].map(([x, y]) => moved(toPhoto, x!, y!) ?? [0, 0]);
  const area = corners.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = corners[(i + 1) % corners.length]!;
    return sum + (x! * nextY! - nextX! * y!) / 2;
  }, 0);
  return Math.sqrt(Math.abs(area) / (width * height));
}

/** Shrinks a photo that is far larger than its views will ever need. */
export function preparedForViews(photo: PixelGrid, view: Size): PreparedPhoto {
  const [across, down] = [photo.width / view.width, photo.height / view.height];
  const pixels = sharpEnough(photo, VIEWS.share[0] * Math.sqrt(across * down));
  return { pixels, shrunk: pixels !== photo };
}

/** The photo along a view, bilinearly; beyond its edges it is reflected. [height, width, 3], 0..255. */
export function warpPlane(photo: PixelGrid, toPhoto: Plane, view: Size): Float32Array {
  const source = sharpEnough(photo, densityOf(toPhoto, view));
  // Shrinking keeps edges, which lie half a pixel before the first centre.
  const [sx, sy] = [source.width / photo.width, source.height / photo.height];
  const shrunk = [sx, 0, sx / 2 - 0.5, 0, sy, sy / 2 - 0.5, 0, 0, 1];
  const [a, b, c, d, e, f, g, h, i] = times(shrunk, toPhoto) as unknown as Float64Array;
  const out = new Float32Array(view.width * view.height * 3);
  let to = 0;
  for (let y = 0; y < view.height; y++) {
    for (let x = 0; x < view.width; x++, to += 3) {
      const w = g! * x + h! * y + i!;
      blendAt(source, (a! * x + b! * y + c!) / w, (d! * x + e! * y + f!) / w, out, to);
    }
  }
  return out;
}

/** RGB levels as a network takes them: [height · width], grey in 0..1. */
export function toGrey(rgb: Float32Array): Float32Array {
  return Float32Array.from(
    { length: rgb.length / 3 },
    (_, n) => (LUMA[0] * rgb[3 * n]! + LUMA[1] * rgb[3 * n + 1]! + LUMA[2] * rgb[3 * n + 2]!) / 255,
  );
}

/** The view as one camera on one day gives it: JPEG damage, the view, light and colour, grey, noise. */
export async function lookAt(
  photo: PixelGrid,
  toPhoto: Plane,
  view: Size,
  random: () => number,
  jpeg: JpegRoundTrip,
): Promise<Float32Array> {
  const { quality, colour } = drawAugmentation(PHOTOMETRY, random);
  const seen = quality === null ? photo : await jpeg(photo, quality);
  const rgb = warpPlane(seen, toPhoto, view);
  if (colour) jitterColour(rgb, colour);
  const grey = toGrey(rgb);
  const deviation = (NOISE[0] + (NOISE[1] - NOISE[0]) * random()) / 255;
  for (let n = 0; n < grey.length; n++) {
    grey[n] = Math.min(1, Math.max(0, grey[n]! + deviation * roughlyNormal(random)));
  }
  return grey;
}
