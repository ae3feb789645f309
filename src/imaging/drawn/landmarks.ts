// Invented landmarks of ten kinds, each seed with measures, colours and surfaces of its own.
import { bridge, domedHall, stepPyramid, temple, triumphalArch } from './halls.ts';
import { type Builder, GROUND, type Materials } from './kit.ts';
import {
  bricks,
  chance,
  gradient,
  hsv,
  rough,
  type Shape,
  shade,
  solid,
  stripes,
} from './shapes.ts';
import { castle, cathedral, lighthouse, pagoda, skyline } from './towers.ts';

const BUILDERS: readonly Builder[] = [
  cathedral,
  bridge,
  pagoda,
  castle,
  domedHall,
  lighthouse,
  stepPyramid,
  skyline,
  temple,
  triumphalArch,
];

/** The landmark of a seed: its kind is `seed` modulo ten, its measures and colours its own. */
export function landmarkShapes(seed: number): Shape[] {
  const c = chance(seed, 1);
  const hue = c.between(0, 1);
  const wallColour = hsv(hue, c.between(0.15, 0.55), c.between(0.6, 0.9));
  const brick = bricks(wallColour, c.between(0.06, 0.14), c.between(0.03, 0.07), seed);
  const plain = gradient(shade(wallColour, 1.1), shade(wallColour, 0.75), -0.8, GROUND);
  const roofHue = hue + c.between(0.25, 0.75);
  const roofColour = hsv(roofHue, c.between(0.4, 0.9), c.between(0.35, 0.7));
  const materials: Materials = {
    wall: rough(c.pick([brick, plain]), 0.15, 7, seed),
    wallColour,
    roof: rough(
      stripes(solid(roofColour), solid(shade(roofColour, 0.8)), 0.03, c.pick([0, Infinity])),
      0.1,
      5,
      seed,
    ),
    dark: solid(hsv(roofHue + 0.1, 0.5, 0.2)),
    accent: solid(hsv(hue + c.between(0.4, 0.6), c.between(0.4, 0.9), c.between(0.7, 1))),
  };
  return BUILDERS[seed % BUILDERS.length]!(c, materials);
}
