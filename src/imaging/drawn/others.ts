// Things that are no landmark, as lists of shapes from back to front that fill the whole picture.
import {
  type Chance,
  chance,
  ellipse,
  gradient,
  hsv,
  type Paint,
  rectangle,
  rough,
  type Shape,
  shade,
  smoothNoise,
  solid,
  stripes,
} from './shapes.ts';

type Builder = (c: Chance, seed: number) => Shape[];

const FAR = 9;

function everywhere(paint: Paint): Shape {
  return rectangle(-FAR, -FAR, FAR, FAR, paint);
}

function many(count: number, make: (index: number) => Shape | Shape[]): Shape[] {
  return Array.from({ length: count }, (_, i) => make(i)).flat();
}

const plate: Builder = (c, seed) => {
  const table = hsv(c.between(0.03, 0.1), 0.5, c.between(0.3, 0.6));
  const food = c.between(0, 0.35);
  return [
    everywhere(rough(stripes(solid(table), solid(shade(table, 0.9)), 0.2, 0.1), 0.2, 4, seed)),
    ellipse(0.04, 0.06, 0.9, 0.86, solid(shade(table, 0.5))),
    ellipse(0, 0, 0.88, 0.84, solid([235, 235, 230])),
    ellipse(0, 0, 0.66, 0.62, solid([250, 250, 247])),
    ...many(c.whole(12, 30), (i) => {
      const [x, y] = [c.between(-0.42, 0.42), c.between(-0.4, 0.4)];
      const size = c.between(0.07, 0.2);
      const colour = hsv(food + c.between(-0.08, 0.08), c.between(0.5, 0.9), c.between(0.4, 0.95));
      return ellipse(x, y, size, size * c.between(0.6, 1), rough(solid(colour), 0.4, 12, seed + i));
    }),
  ];
};

const cloth: Builder = (c, seed) => {
  const hue = c.between(0, 1);
  const weave = (offset: number, slope: number): Paint =>
    stripes(
      solid(hsv(hue + offset, 0.6, 0.8)),
      stripes(
        solid(hsv(hue + offset + 0.1, 0.7, 0.4)),
        solid(hsv(hue, 0.2, 0.9)),
        c.between(0.02, 0.05),
        slope,
      ),
      c.between(0.1, 0.3),
      slope,
    );
  const warp = weave(0, c.between(-0.3, 0.3));
  const weft = weave(c.between(0.2, 0.5), Infinity);
  return [
    everywhere(
      rough(
        (x, y) => {
          const [a, b] = [warp(x, y), weft(x, y)];
          return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2];
        },
        0.35,
        1.5,
        seed,
      ),
    ),
  ];
};

const pebbles: Builder = (c, seed) => {
  const hue = c.between(0, 1);
  return [
    everywhere(solid(hsv(hue, 0.3, 0.15))),
    ...many(c.whole(160, 260), (i) => {
      const [x, y] = [c.between(-1.6, 1.6), c.between(-1.3, 1.3)];
      const size = c.between(0.06, 0.18);
      const colour = hsv(hue + c.between(-0.06, 0.06), c.between(0.1, 0.4), c.between(0.3, 0.85));
      const light = gradient(shade(colour, 1.2), shade(colour, 0.6), y - size, y + size);
      return ellipse(x, y, size, size * c.between(0.6, 1), rough(light, 0.15, 20, seed + i));
    }),
  ];
};

const page: Builder = (c) => {
  const line = c.between(0.08, 0.14);
  const ink = hsv(c.between(0.5, 0.8), 0.5, 0.2);
  return [
    everywhere(solid(hsv(0.12, c.between(0.02, 0.15), 0.93))),
    ...many(Math.floor(1.8 / line), (row) => {
      const y = -0.9 + row * line;
      const words: Shape[] = [];
      for (let x = -1.15; x < c.between(0.7, 1.15); ) {
        const length = c.between(0.05, 0.22);
        words.push(rectangle(x, y, x + length, y + line * 0.4, solid(ink)));
        x += length + 0.05;
      }
      return words;
    }),
  ];
};

const lights: Builder = (c) => {
  const hue = c.between(0, 1);
  const spots = Array.from({ length: c.whole(15, 30) }, () => ({
    x: c.between(-1.5, 1.5),
    y: c.between(-1.1, 1.1),
    size: c.between(0.08, 0.3),
    colour: hsv(hue + c.between(-0.2, 0.2), c.between(0.3, 0.9), 1),
  }));
  return [
    everywhere((x, y) => {
      const sum = [12, 10, 25];
      for (const { x: sx, y: sy, size, colour } of spots) {
        const far = Math.sqrt((x - sx) ** 2 + (y - sy) ** 2) / size;
        if (far > 1.9) continue;
        const glow = far < 1 ? 0.55 : 0.55 * Math.exp(-8 * (far - 1));
        for (let k = 0; k < 3; k++) sum[k]! += glow * colour[k]!;
      }
      return [sum[0]!, sum[1]!, sum[2]!];
    }),
  ];
};

const face: Builder = (c, seed) => {
  const skin = hsv(c.between(0.04, 0.09), c.between(0.3, 0.6), c.between(0.45, 0.95));
  const hair = hsv(c.between(0.02, 0.12), c.between(0.3, 0.8), c.between(0.1, 0.6));
  const shirt = hsv(c.between(0, 1), 0.6, 0.6);
  const backdrop = hsv(c.between(0, 1), 0.3, 0.6);
  const x = c.between(-0.3, 0.3);
  return [
    everywhere((px, py) => shade(backdrop, 0.6 + 0.7 * smoothNoise(px, py, 1.2, seed))),
    ellipse(x, 1.15, 0.85, 0.6, solid(shirt)),
    ellipse(x, -0.12, 0.5, 0.66, rough(solid(hair), 0.5, 18, seed)),
    rectangle(x - 0.16, 0.3, x + 0.16, 0.7, solid(shade(skin, 0.8))),
    ellipse(x, 0, 0.4, 0.55, gradient(shade(skin, 1.05), shade(skin, 0.85), -0.5, 0.5)),
    ...[-0.15, 0.15].flatMap((dx) => [
      ellipse(x + dx, -0.06, 0.075, 0.04, solid([245, 245, 245])),
      ellipse(x + dx, -0.06, 0.034, 0.036, solid([40, 30, 25])),
      rectangle(x + dx - 0.09, -0.17, x + dx + 0.09, -0.14, solid(hair)),
    ]),
    ellipse(x, 0.1, 0.045, 0.08, solid(shade(skin, 0.88))),
    ellipse(x, 0.28, 0.14, 0.045, solid([170, 60, 60])),
  ];
};

const BUILDERS: readonly Builder[] = [plate, cloth, pebbles, page, lights, face];

/** The thing of a seed: its kind is `seed` modulo six, its colours and places its own. */
export function otherShapes(seed: number): Shape[] {
  return BUILDERS[seed % BUILDERS.length]!(chance(seed, 9), seed);
}
