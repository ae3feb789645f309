// One affine map from image to photo, and resampling a photo along it: all geometry in one pass.
import type { PixelGrid } from '../../imaging/decode.ts';
import type { Draw } from './draw.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * From a point of the image to the point of the photo that it shows: u = ux·x + uy·y + u0 and
 * v = vx·x + vy·y + v0. Points are in pixels, with pixel centres at halves.
 */
export interface AffineMap {
  readonly ux: number;
  readonly uy: number;
  readonly u0: number;
  readonly vx: number;
  readonly vy: number;
  readonly v0: number;
}

const WHOLE = { left: 0, top: 0, width: 1, height: 1 };
const STILL = { shiftX: 0, shiftY: 0, scale: 1, angle: 0 };

/**
 * Mirrors the photo, cuts out the box, stretches it to the image's size, then turns and scales around
 * the image's centre and shifts: written backwards, since resampling asks where a pixel comes from.
 */
export function mapOf(draw: Draw, photo: Size, image: Size): AffineMap {
  const { shiftX, shiftY, scale, angle } = draw.affine ?? STILL;
  const crop = draw.crop ?? WHOLE;
  const cos = Math.cos(angle) / scale;
  const sin = Math.sin(angle) / scale;
  const centreX = image.width / 2;
  const centreY = image.height / 2;
  // q = R⁻¹ (p − centre − shift) / scale + centre
  const movedX = centreX + shiftX * image.width;
  const movedY = centreY + shiftY * image.height;
  const qx0 = centreX - cos * movedX - sin * movedY;
  const qy0 = centreY + sin * movedX - cos * movedY;
  const across = (crop.width * photo.width) / image.width;
  const down = (crop.height * photo.height) / image.height;
  const u0 = crop.left * photo.width + across * qx0;
  const v = { vx: -down * sin, vy: down * cos, v0: crop.top * photo.height + down * qy0 };
  return draw.flip
    ? { ux: -across * cos, uy: -across * sin, u0: photo.width - u0, ...v }
    : { ux: across * cos, uy: across * sin, u0, ...v };
}

/** Photo pixels for each image pixel along a side: over 1 shrinks. */
export function densityOf({ ux, uy, vx, vy }: AffineMap): number {
  return Math.sqrt(Math.abs(ux * vy - uy * vx));
}

/**
 * Bilinear interpolation; beyond its edges the photo is reflected, edge pixels repeated. Shrinking by
 * more than 2 skips pixels: shrink the photo first.
 * @param out [height, width, 3], 0..255
 */
export function warp(photo: PixelGrid, map: AffineMap, image: Size, out: Float32Array): void {
  const { ux, vx } = map;
  let to = 0;
  for (let y = 0; y < image.height; y++) {
    // From corners to pixel centres: the centre of the first pixel is ½, its index 0.
    let u = map.u0 + ux * 0.5 + map.uy * (y + 0.5) - 0.5;
    let v = map.v0 + vx * 0.5 + map.vy * (y + 0.5) - 0.5;
    for (let x = 0; x < image.width; x++, u += ux, v += vx, to += 3) blendAt(photo, u, v, out, to);
  }
}

/**
 * The photo's colour between pixels, bilinearly, into three numbers of `out` from `to`; `u` and `v` are
 * pixel indices, any real numbers: beyond its edges the photo is reflected.
 */
export function blendAt(
  photo: PixelGrid,
  u: number,
  v: number,
  out: Float32Array,
  to: number,
): void {
  const { width, height, channels, data } = photo;
  const rightmost = width - 1;
  const lowest = height - 1;
  const su = u >= 0 && u <= rightmost ? u : reflect(u, width);
  const sv = v >= 0 && v <= lowest ? v : reflect(v, height);
  const left = su | 0;
  const top = sv | 0;
  const fu = su - left;
  const fv = sv - top;
  const a = (top * width + left) * channels;
  const b = left < rightmost ? a + channels : a;
  const down = top < lowest ? width * channels : 0;
  const c = a + down;
  const d = b + down;
  const wd = fu * fv;
  const wb = fu - wd;
  const wc = fv - wd;
  const wa = 1 - fu - wc;
  out[to] = wa * data[a]! + wb * data[b]! + wc * data[c]! + wd * data[d]!;
  out[to + 1] = wa * data[a + 1]! + wb * data[b + 1]! + wc * data[c + 1]! + wd * data[d + 1]!;
  out[to + 2] = wa * data[a + 2]! + wb * data[b + 2]! + wc * data[c + 2]! + wd * data[d + 2]!;
}

/** A pixel index, any real number, mirrored at the edges −½ and size − ½, then held within 0..size−1. */
function reflect(index: number, size: number): number {
  const period = 2 * size;
  const along = (((index + 0.5) % period) + period) % period;
  const inside = (along < size ? along : period - along) - 0.5;
  return Math.min(size - 1, Math.max(0, inside));
}
