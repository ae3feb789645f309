// Shapes, paints and chance for pictures that are drawn by code: pure functions, no canvas.

/** 0..255 each; paints may overshoot, the renderer clamps. */
export type Rgb = readonly [r: number, g: number, b: number];

/** Colour at a point of the scene's plane. */
export type Paint = (x: number, y: number) => Rgb;

/** A painted region of the scene's plane: x to the right, y down. */
export interface Shape {
  /** Left, top, right, bottom: nothing of the shape lies outside. */
  readonly box: readonly [number, number, number, number];
  readonly inside: (x: number, y: number) => boolean;
  readonly paint: Paint;
}

/** A reproducible source of chance. */
export interface Chance {
  /** In [from, to). */
  between(from: number, to: number): number;
  /** Whole number in [from, to]. */
  whole(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Mixes two integers to a well-spread one in 0..2³²−1 (the finaliser of MurmurHash3). */
export function hash(a: number, b: number): number {
  let h = Math.imul(a | 0, 0x9e3779b1) ^ Math.imul((b | 0) + 0x7f4a7c15, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The same numbers for the same seed and stream, on every machine. */
export function chance(seed: number, stream: number): Chance {
  const start = hash(seed, stream);
  let drawn = 0;
  const unit = (): number => hash(start, ++drawn) / 2 ** 32;
  return {
    between: (from, to) => from + (to - from) * unit(),
    whole: (from, to) => from + Math.floor((to - from + 1) * unit()),
    pick: (items) => items[Math.floor(items.length * unit())]!,
  };
}

/** @param hue in turns; saturation and value in 0..1 */
export function hsv(hue: number, saturation: number, value: number): Rgb {
  const channel = (offset: number): number => {
    const k = (((offset + hue * 6) % 6) + 6) % 6;
    return 255 * (value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

export function shade(colour: Rgb, factor: number): Rgb {
  return [colour[0] * factor, colour[1] * factor, colour[2] * factor];
}

export const solid =
  (colour: Rgb): Paint =>
  () =>
    colour;

/** From one colour at y0 to another at y1, constant beyond. */
export function gradient(from: Rgb, to: Rgb, y0: number, y1: number): Paint {
  return (_x, y) => {
    const t = Math.max(0, Math.min(1, (y - y0) / (y1 - y0)));
    return [
      from[0] + (to[0] - from[0]) * t,
      from[1] + (to[1] - from[1]) * t,
      from[2] + (to[2] - from[2]) * t,
    ];
  };
}

/** Two paints in turns along x (`slope` 0), y (`slope` Infinity) or aslant. */
export function stripes(a: Paint, b: Paint, period: number, slope: number): Paint {
  return (x, y) => {
    const along = Number.isFinite(slope) ? x + slope * y : y;
    return Math.floor(along / period) % 2 === 0 ? a(x, y) : b(x, y);
  };
}

/** Courses of bricks, each of its own brightness, with mortar between. */
export function bricks(colour: Rgb, width: number, height: number, seed: number): Paint {
  const mortar = shade(colour, 0.6);
  return (x, y) => {
    const course = Math.floor(y / height);
    const along = x / width + (course % 2 === 0 ? 0 : 0.5);
    if (along - Math.floor(along) < 0.1 || y / height - course < 0.16) return mortar;
    return shade(colour, 0.85 + (0.3 * (hash(seed ^ course, Math.floor(along)) & 255)) / 255);
  };
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Noise at (i + s, j), between two corners of its lattice. */
function noiseAlong(i: number, j: number, s: number, seed: number): number {
  const left = hash(seed + j * 57, i);
  const right = hash(seed + j * 57, i + 1);
  return (left + (right - left) * s) / 2 ** 32;
}

/** Smooth noise in 0..1 with bumps about 1 / frequency wide. */
export function smoothNoise(x: number, y: number, frequency: number, seed: number): number {
  const i = Math.floor(x * frequency);
  const j = Math.floor(y * frequency);
  const s = ease(x * frequency - i);
  const top = noiseAlong(i, j, s, seed);
  const bottom = noiseAlong(i, j + 1, s, seed);
  return top + (bottom - top) * ease(y * frequency - j);
}

/** A paint with its brightness roughened by noise of the given strength, 0..1. */
export function rough(paint: Paint, strength: number, frequency: number, seed: number): Paint {
  return (x, y) => shade(paint(x, y), 1 + strength * (2 * smoothNoise(x, y, frequency, seed) - 1));
}

export function rectangle(x0: number, y0: number, x1: number, y1: number, paint: Paint): Shape {
  return { box: [x0, y0, x1, y1], inside: () => true, paint };
}

/** Any simple polygon, by its corners in order. */
export function polygon(corners: readonly (readonly [number, number])[], paint: Paint): Shape {
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  return {
    box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
    inside: (x, y) => {
      let odd = false;
      let [px, py] = corners[corners.length - 1]!;
      for (const [qx, qy] of corners) {
        if (qy > y !== py > y && x < ((px - qx) * (y - qy)) / (py - qy) + qx) odd = !odd;
        [px, py] = [qx, qy];
      }
      return odd;
    },
    paint,
  };
}

export function ellipse(x: number, y: number, rx: number, ry: number, paint: Paint): Shape {
  return {
    box: [x - rx, y - ry, x + rx, y + ry],
    inside: (px, py) => ((px - x) / rx) ** 2 + ((py - y) / ry) ** 2 <= 1,
    paint,
  };
}

/** The upper half of an ellipse that stands on `base`. */
export function dome(x: number, base: number, rx: number, ry: number, paint: Paint): Shape {
  return { ...ellipse(x, base, rx, ry, paint), box: [x - rx, base - ry, x + rx, base] };
}

/** A window or gate with a round top: two shapes. */
export function archway(x: number, base: number, width: number, height: number, paint: Paint) {
  const half = width / 2;
  return [
    rectangle(x - half, base - height + half, x + half, base, paint),
    dome(x, base - height + half, half, half, paint),
  ];
}
