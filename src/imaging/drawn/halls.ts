// Invented landmarks that stretch: domed hall, step pyramid, bridge, temple, triumphal arch.
import { type Builder, GROUND, spread } from './kit.ts';
import { archway, dome, ellipse, polygon, rectangle, shade, solid } from './shapes.ts';

export const domedHall: Builder = (c, m) => {
  const half = c.between(0.6, 1);
  const top = c.between(0, 0.2);
  const radius = c.between(0.3, 0.45);
  const drum = top - 0.18;
  return [
    dome(0, drum, radius, radius * c.between(1, 1.4), m.roof),
    rectangle(-0.04, drum - radius * 1.6, 0.04, drum - radius, m.accent),
    rectangle(-radius, drum, radius, top, m.wall),
    ...spread(-radius + 0.07, radius - 0.07, 6).map((x) =>
      rectangle(x - 0.02, drum + 0.03, x + 0.02, top, m.dark),
    ),
    rectangle(-half, top, half, GROUND, m.wall),
    rectangle(-half - 0.04, top, half + 0.04, top + 0.05, m.accent),
    ...spread(-half + 0.12, half - 0.12, c.whole(5, 9)).flatMap((x) =>
      archway(x, GROUND - 0.08, 0.1, 0.3, m.dark),
    ),
  ];
};

export const stepPyramid: Builder = (c, m) => {
  const steps = c.whole(4, 8);
  const half = c.between(0.9, 1.15);
  const height = c.between(0.9, 1.15) / steps;
  const shapes = spread(0, steps - 1, steps).flatMap((step) => {
    const reach = half * (1 - (0.8 * step) / steps);
    const base = GROUND - step * height;
    return [
      rectangle(-reach, base - height, reach, base, m.wall),
      rectangle(-reach, base - height, reach, base - height * 0.75, m.accent),
    ];
  });
  const top = GROUND - steps * height;
  return [
    ...shapes,
    polygon(
      [
        [-0.1, top],
        [0.1, top],
        [0.22, GROUND],
        [-0.22, GROUND],
      ],
      m.roof,
    ),
    rectangle(-0.16, top - 0.16, 0.16, top, m.wall),
    rectangle(-0.06, top - 0.12, 0.06, top, m.dark),
  ];
};

export const bridge: Builder = (c, m) => {
  const deck = c.between(0.05, 0.2);
  const towers = c.between(0.5, 0.7);
  const top = c.between(-0.85, -0.6);
  const sag = c.between(0.05, 0.15);
  const cable = (x: number): number => {
    const t = Math.abs(x) < towers ? Math.abs(x) / towers : (1.4 - Math.abs(x)) / (1.4 - towers);
    return deck - sag + (top - deck + sag) * t * t;
  };
  return [
    ...spread(-1.35, 1.35, 55).map((x) => rectangle(x - 0.008, cable(x), x + 0.008, deck, m.dark)),
    ...spread(-1.35, 1.35, 200).map((x) =>
      rectangle(x - 0.009, cable(x) - 0.02, x + 0.009, cable(x) + 0.02, m.accent),
    ),
    ...[-towers, towers].flatMap((x) => [
      rectangle(x - 0.11, top - 0.05, x - 0.04, GROUND + 0.1, m.wall),
      rectangle(x + 0.04, top - 0.05, x + 0.11, GROUND + 0.1, m.wall),
      ...spread(top, deck, 4).map((y) => rectangle(x - 0.11, y, x + 0.11, y + 0.06, m.wall)),
    ]),
    rectangle(-2, deck, 2, deck + 0.08, m.roof),
  ];
};

export const temple: Builder = (c, m) => {
  const half = c.between(0.75, 1.1);
  const top = c.between(-0.3, -0.1);
  const columns = spread(-half + 0.09, half - 0.09, c.whole(5, 9));
  return [
    rectangle(-half + 0.05, top, half - 0.05, GROUND - 0.12, m.dark),
    ...columns.flatMap((x) => [
      rectangle(x - 0.055, top, x + 0.055, GROUND - 0.1, m.wall),
      rectangle(x - 0.08, top, x + 0.08, top + 0.06, m.accent),
    ]),
    rectangle(-half, top - 0.12, half, top, m.wall),
    polygon(
      [
        [-half - 0.06, top - 0.12],
        [0, top - c.between(0.4, 0.6)],
        [half + 0.06, top - 0.12],
      ],
      m.roof,
    ),
    ellipse(0, top - 0.22, 0.07, 0.07, m.accent),
    ...[0, 1, 2].map((i) =>
      rectangle(
        -half - i * 0.05,
        GROUND - 0.12 + i * 0.04,
        half + i * 0.05,
        GROUND - 0.08 + i * 0.04,
        m.wall,
      ),
    ),
  ];
};

export const triumphalArch: Builder = (c, m) => {
  const half = c.between(0.55, 0.85);
  const top = c.between(-0.55, -0.3);
  const gate = c.between(0.35, 0.5);
  const side = (half + gate / 2) / 2;
  return [
    rectangle(-half, top, half, GROUND, m.wall),
    rectangle(-half - 0.06, top + 0.2, half + 0.06, top + 0.28, m.accent),
    rectangle(-half - 0.06, top - 0.04, half + 0.06, top + 0.03, m.accent),
    ...[-side, side].flatMap((x) => [
      rectangle(x - 0.09, top + 0.36, x + 0.09, top + 0.58, m.roof),
      ...archway(x, GROUND, 0.16, 0.4, m.dark),
    ]),
    ...archway(0, GROUND, gate, GROUND - top - 0.36, solid(shade(m.wallColour, 1.25))),
    ...archway(0, GROUND, gate * 0.82, GROUND - top - 0.42, m.dark),
    ...spread(-half * 0.5, half * 0.5, c.whole(2, 4)).map((x) =>
      ellipse(x, top - 0.1, 0.06, 0.1, m.roof),
    ),
  ];
};
