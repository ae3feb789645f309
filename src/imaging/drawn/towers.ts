// Invented landmarks that rise: cathedral, pagoda, castle, lighthouse, a city of towers.
import { type Builder, GROUND, spread } from './kit.ts';
import {
  archway,
  dome,
  ellipse,
  polygon,
  rectangle,
  rough,
  type Shape,
  solid,
  stripes,
} from './shapes.ts';

export const cathedral: Builder = (c, m) => {
  const half = c.between(0.35, 0.5);
  const top = c.between(-0.35, -0.1);
  const spire = c.between(-0.9, -0.7);
  const width = c.between(0.12, 0.17);
  const towers = [-half, half].flatMap((x) => [
    rectangle(x - width, top - 0.15, x + width, GROUND, m.wall),
    polygon(
      [
        [x - width, top - 0.15],
        [x, spire],
        [x + width, top - 0.15],
      ],
      m.roof,
    ),
    ...archway(x, top + 0.2, width, 0.25, m.dark),
    ...archway(x, top + 0.65, width, 0.25, m.dark),
  ]);
  return [
    rectangle(-half, top, half, GROUND, m.wall),
    polygon(
      [
        [-half, top],
        [0, top - 0.3],
        [half, top],
      ],
      m.roof,
    ),
    ...towers,
    ellipse(0, top + 0.25, 0.17, 0.17, m.dark),
    ellipse(0, top + 0.25, 0.13, 0.13, m.accent),
    ellipse(0, top + 0.25, 0.05, 0.05, m.dark),
    ...archway(0, GROUND, 0.24, 0.4, m.dark),
  ];
};

export const pagoda: Builder = (c, m) => {
  const floors = c.whole(3, 6);
  const height = c.between(1.1, 1.35) / floors;
  const shapes: Shape[] = [];
  for (let floor = 0; floor < floors; floor++) {
    const half = (0.5 - 0.3 * (floor / floors)) * c.between(0.95, 1.05);
    const base = GROUND - floor * height;
    shapes.push(
      rectangle(-half * 0.75, base - height, half * 0.75, base, m.wall),
      ...spread(-half * 0.5, half * 0.5, 3).map((x) =>
        rectangle(x - 0.05, base - height * 0.55, x + 0.05, base - height * 0.1, m.dark),
      ),
      polygon(
        [
          [-half * 1.35, base - height * 0.68],
          [-half * 0.7, base - height],
          [half * 0.7, base - height],
          [half * 1.35, base - height * 0.68],
        ],
        m.roof,
      ),
    );
  }
  shapes.push(
    rectangle(-0.025, GROUND - floors * height - 0.2, 0.025, GROUND - floors * height, m.accent),
  );
  return shapes;
};

export const castle: Builder = (c, m) => {
  const towers = spread(-0.85, 0.85, c.whole(3, 4));
  const crenels = (x0: number, x1: number, y: number): Shape[] =>
    spread(x0 + 0.03, x1 - 0.03, Math.round((x1 - x0) / 0.1)).map((x) =>
      rectangle(x - 0.025, y - 0.07, x + 0.025, y, m.wall),
    );
  const wallTop = c.between(0, 0.2);
  return [
    rectangle(-0.85, wallTop, 0.85, GROUND, m.wall),
    ...crenels(-0.85, 0.85, wallTop),
    ...towers.flatMap((x, i) => {
      const half = c.between(0.13, 0.2);
      const top = c.between(-0.55, -0.15);
      const roof: Shape[] =
        i % 2 === 0
          ? [
              polygon(
                [
                  [x - half - 0.04, top],
                  [x, top - 0.4],
                  [x + half + 0.04, top],
                ],
                m.roof,
              ),
            ]
          : crenels(x - half, x + half, top);
      return [
        rectangle(x - half, top, x + half, GROUND, m.wall),
        ...roof,
        ...archway(x, top + 0.3, 0.08, 0.18, m.dark),
        ...archway(x, top + 0.65, 0.08, 0.18, m.dark),
      ];
    }),
    ...archway(c.between(-0.3, 0.3), GROUND, 0.24, 0.34, m.dark),
  ];
};

export const lighthouse: Builder = (c, m) => {
  const base = c.between(0.2, 0.28);
  const top = c.between(-0.6, -0.45);
  const x = c.between(-0.3, 0.3);
  const bands = stripes(m.accent, m.wall, c.between(0.12, 0.25), c.pick([0.6, -0.6, Infinity]));
  const house = c.pick([-1, 1]) * c.between(0.5, 0.6);
  return [
    polygon(
      [
        [-1.3, GROUND],
        [-0.7, 0.42],
        [0.6, 0.38],
        [1.3, GROUND],
      ],
      rough(m.dark, 0.4, 9, 3),
    ),
    rectangle(x + house - 0.22, 0.18, x + house + 0.22, GROUND, m.wall),
    polygon(
      [
        [x + house - 0.27, 0.18],
        [x + house, -0.02],
        [x + house + 0.27, 0.18],
      ],
      m.roof,
    ),
    polygon(
      [
        [x - base, GROUND],
        [x - base * 0.6, top],
        [x + base * 0.6, top],
        [x + base, GROUND],
      ],
      bands,
    ),
    rectangle(x - base * 0.8, top - 0.04, x + base * 0.8, top + 0.02, m.dark),
    rectangle(x - base * 0.4, top - 0.2, x + base * 0.4, top - 0.04, solid([250, 240, 170])),
    dome(x, top - 0.2, base * 0.5, 0.12, m.roof),
  ];
};

export const skyline: Builder = (c, m) =>
  spread(-0.8, 0.8, c.whole(3, 5)).flatMap((centre) => {
    const x = centre + c.between(-0.08, 0.08);
    const half = c.between(0.14, 0.22);
    const top = c.between(-0.85, -0.1);
    const tone = rough(c.pick([m.wall, m.roof, m.accent]), 0.15, 5, c.whole(0, 999));
    const cap: Shape =
      c.pick([0, 1]) === 0
        ? polygon(
            [
              [x - half, top],
              [x + half, top - 0.2],
              [x + half, top],
            ],
            tone,
          )
        : dome(x, top, half, half * 0.7, tone);
    const columns = spread(x - half + 0.05, x + half - 0.05, c.whole(3, 5));
    const rows = spread(
      top + 0.06,
      GROUND - 0.1,
      Math.round((GROUND - top) / c.between(0.09, 0.14)),
    );
    return [
      cap,
      rectangle(x - half, top, x + half, GROUND, tone),
      ...rows.flatMap((y) =>
        columns.map((wx) => rectangle(wx - 0.02, y, wx + 0.02, y + 0.05, m.dark)),
      ),
    ];
  });
