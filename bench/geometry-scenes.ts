// Drawn pairs of photos whose geometry is known: planes and points in space, noise, and wrong matches.
import { MATCH_FIELDS, type Matches } from '../src/geometry/matches.ts';
import { seededRandom } from '../src/random.ts';

export const WIDTH = 640;
export const HEIGHT = 480;

export interface SceneOptions {
  readonly seed: number;
  readonly count: number;
  /** Share of wrong matches, in [0, 1). */
  readonly outliers: number;
  /** Standard deviation in pixels of each coordinate in both photos. */
  readonly noise: number;
  /** Whether right matches tend to be more confident (the better of two draws) or not. */
  readonly informative?: boolean;
}

export interface Scene {
  readonly matches: Matches;
  /** Whether each match is a right one. */
  readonly right: readonly boolean[];
  /** As the matches, without noise; wrong matches too. */
  readonly clean: Float64Array;
}

type Pair = readonly [number, number, number, number];
export type Matrix = readonly number[] | Float64Array;

/** A plane: the photo's corners move by up to 15 % after a turn, a zoom and a shift. */
export function planeScene(options: SceneOptions): Scene & { readonly homography: Float64Array } {
  const random = seededRandom(options.seed);
  const homography = randomHomography(random);
  const scene = compose(options, random, () => {
    const [x, y] = [random() * WIDTH, random() * HEIGHT];
    const [u, v] = transfer(homography, x, y);
    return inside(u, v) ? [x, y, u, v] : null;
  });
  return { ...scene, homography };
}

/** Points in space before two pinhole cameras; `planeShare` of them on one plane. */
export function spaceScene(options: SceneOptions, planeShare = 0): Scene {
  const random = seededRandom(options.seed);
  const focal = 450 + 400 * random();
  const turn = rotation((random() - 0.5) * 0.5, (random() - 0.5) * 0.7, (random() - 0.5) * 0.5);
  const middle = 7;
  // The second camera steps aside, and the turn keeps the scene's middle in sight.
  const step = [(random() - 0.5) * 4, (random() - 0.5) * 2, (random() - 0.5) * 3];
  if (Math.abs(step[0]!) < 0.8) step[0] = step[0]! < 0 ? -0.8 : 0.8;
  const shift = step.map((value, k) => value + (k === 2 ? middle : 0) - turn[3 * k + 2]! * middle);
  const slope = [(random() - 0.5) * 0.8, (random() - 0.5) * 0.8];
  return compose(options, random, () => {
    const [x, y] = [random() * WIDTH, random() * HEIGHT];
    const [rx, ry] = [(x - WIDTH / 2) / focal, (y - HEIGHT / 2) / focal];
    const planar = random() < planeShare;
    const depth = planar ? middle / (1 - slope[0]! * rx - slope[1]! * ry) : 4 + 6 * random();
    const p = [rx * depth, ry * depth, depth];
    const q = [0, 1, 2].map(
      (k) => turn[3 * k]! * p[0]! + turn[3 * k + 1]! * p[1]! + turn[3 * k + 2]! * p[2]! + shift[k]!,
    );
    if (q[2]! < 0.5) return null;
    const u = (focal * q[0]!) / q[2]! + WIDTH / 2;
    const v = (focal * q[1]!) / q[2]! + HEIGHT / 2;
    return inside(u, v) ? [x, y, u, v] : null;
  });
}

function compose(
  { count, outliers, noise, informative = true }: SceneOptions,
  random: () => number,
  draw: () => Pair | null,
): Scene {
  const clean = new Float64Array(count * 4);
  const matches = new Float32Array(count * MATCH_FIELDS);
  const wrong = Math.round(count * outliers);
  // Wrong ones are strewn among the right.
  const right = Array.from({ length: count }, (_, i) => i >= wrong);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [right[i], right[j]] = [right[j]!, right[i]!];
  }
  for (let i = 0; i < count; i++) {
    let pair: Pair | null = null;
    for (let tries = 0; right[i] && !pair; tries++) {
      if (tries > 10_000) throw new Error('the two photos share next to nothing');
      pair = draw();
    }
    pair ??= [random() * WIDTH, random() * HEIGHT, random() * WIDTH, random() * HEIGHT];
    clean.set(pair, 4 * i);
    const at = MATCH_FIELDS * i;
    for (let k = 0; k < 4; k++)
      matches[at + k] = pair[k]! + (right[i] ? noise * normal(random) : 0);
    matches[at + 4] = right[i] && informative ? Math.max(random(), random()) : random();
  }
  return { matches, right, clean };
}

function inside(u: number, v: number): boolean {
  return u >= 0 && v >= 0 && u < WIDTH && v < HEIGHT;
}

/** Standard normal (Box and Muller). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function rotation(rx: number, ry: number, rz: number): number[] {
  const [cx, sx, cy, sy] = [Math.cos(rx), Math.sin(rx), Math.cos(ry), Math.sin(ry)];
  const [cz, sz] = [Math.cos(rz), Math.sin(rz)];
  return [
    cz * cy,
    cz * sy * sx - sz * cx,
    cz * sy * cx + sz * sx,
    sz * cy,
    sz * sy * sx + cz * cx,
    sz * sy * cx - cz * sx,
    -sy,
    cy * sx,
    cy * cx,
  ];
}

function randomHomography(random: () => number): Float64Array {
  const angle = (random() - 0.5) * 1.2;
  const zoom = 0.6 + random();
  const [c, s] = [zoom * Math.cos(angle), zoom * Math.sin(angle)];
  const [x, y] = [WIDTH / 2, HEIGHT / 2];
  const tilt = [(random() - 0.5) * 8e-4, (random() - 0.5) * 8e-4];
  const shift = [x + (random() - 0.5) * 0.3 * WIDTH, y + (random() - 0.5) * 0.3 * HEIGHT];
  const stretch = 0.8 + 0.4 * random();
  // Around the middle: [c −s; s c] stretched along x, then tilted, then moved to `shift`.
  const rows = [
    [stretch * c + shift[0]! * tilt[0]!, -s + shift[0]! * tilt[1]!, shift[0]!],
    [stretch * s + shift[1]! * tilt[0]!, c + shift[1]! * tilt[1]!, shift[1]!],
    [tilt[0]!, tilt[1]!, 1],
  ];
  return Float64Array.from(rows.flatMap(([p, q, r]) => [p!, q!, r! - p! * x - q! * y]));
}

export function transfer(h: Matrix, x: number, y: number): [number, number] {
  const w = h[6]! * x + h[7]! * y + h[8]!;
  return [(h[0]! * x + h[1]! * y + h[2]!) / w, (h[3]! * x + h[4]! * y + h[5]!) / w];
}

/** Root mean square over the right matches, without noise, of the distance from b to H a; pixels. */
export function homographyError(h: Matrix | null, { clean, right }: Scene): number {
  if (!h) return Number.POSITIVE_INFINITY;
  return rootMeanSquare(right, (i) => {
    const [u, v] = transfer(h, clean[4 * i]!, clean[4 * i + 1]!);
    return (u - clean[4 * i + 2]!) ** 2 + (v - clean[4 * i + 3]!) ** 2;
  });
}

/** The same of the Sampson distance. */
export function fundamentalError(f: Matrix | null, { clean, right }: Scene): number {
  if (!f) return Number.POSITIVE_INFINITY;
  return rootMeanSquare(right, (i) => {
    const [x, y, u, v] = clean.subarray(4 * i) as unknown as Pair;
    const l = [0, 3, 6].map((r) => f[r]! * x + f[r + 1]! * y + f[r + 2]!);
    const m = [0, 1].map((c) => f[c]! * u + f[3 + c]! * v + f[6 + c]!);
    const slope = l[0]! ** 2 + l[1]! ** 2 + m[0]! ** 2 + m[1]! ** 2;
    return (u * l[0]! + v * l[1]! + l[2]!) ** 2 / slope;
  });
}

function rootMeanSquare(right: readonly boolean[], squared: (i: number) => number): number {
  let sum = 0;
  let count = 0;
  right.forEach((isRight, i) => {
    if (!isRight) return;
    sum += squared(i);
    count++;
  });
  return Math.sqrt(sum / count);
}
