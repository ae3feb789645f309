// The three steps of the map and how each lays the globe flat: the whole world by the Equal Earth projection, and
// around a place by Lambert's azimuthal one, which knows no seam at the antimeridian and no end at the poles.
import { type GeoProjection, geoAzimuthalEqualArea, geoEqualEarth } from 'd3-geo';
import { angleOf, distanceMetres, type Position } from './geo.ts';

export const STEPS = ['world', 'continent', 'country'] as const;
export type Step = (typeof STEPS)[number];

/** Of the drawing, in CSS pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
}

/** From the middle to the upper edge, metres. */
const CONTINENT_REACH = 2_400_000;
const COUNTRY_REACH = { least: 180_000, most: 900_000, usual: 500_000 } as const;
/** Around what the frame must hold. */
const MARGIN = 1.08;
/** Degrees: the seam of the world lies in the Bering Strait, so that no land is cut. */
const WORLD_TURN = -11;
/** Pixels beyond the frame up to which lines are kept: the stroke of a cut must not show. */
const BLEED = 8;

/**
 * From the middle to the upper edge of the country step, metres: as far as the country's land around the place goes,
 * within bounds. Small countries need some surroundings, and of large ones the whole would be a continent.
 * @param shore points around the country's land; none where the country is unknown
 */
export function countryReach(centre: Position, shore: readonly Position[]): number {
  if (shore.length === 0) return COUNTRY_REACH.usual;
  const { least, most } = COUNTRY_REACH;
  let farthest = 0;
  for (const point of shore) farthest = Math.max(farthest, distanceMetres(centre, point));
  return Math.min(most, Math.max(least, MARGIN * farthest));
}

/** Metres from the middle to the upper edge; null for the world, which fits as a whole. */
export function reachOf(step: Step, country: number): number | null {
  return { world: null, continent: CONTINENT_REACH, country }[step];
}

/**
 * The smallest piece in which the photo lies too, so that its distance can be seen: the world for one that is far away.
 * The continent where it is not known where the photo was taken.
 */
export function firstStep(centre: Position, taken: Position | null, country: number): Step {
  if (!taken) return 'continent';
  const metres = distanceMetres(centre, taken);
  if (MARGIN * metres > CONTINENT_REACH) return 'world';
  return MARGIN * metres > country ? 'continent' : 'country';
}

/**
 * Brings [longitude, latitude] to pixels of the frame.
 * @param reach metres from the middle to the upper edge, null for the world; @param centre in the middle of the frame
 */
export function projectionOf(
  centre: Position,
  reach: number | null,
  { width, height }: Frame,
): GeoProjection {
  const inset = 4;
  if (reach === null) {
    return geoEqualEarth()
      .rotate([WORLD_TURN, 0])
      .fitExtent(
        [
          [inset, inset],
          [width - inset, height - inset],
        ],
        { type: 'Sphere' },
      );
  }
  // At an angle θ from the centre the projection lies 2 sin(θ / 2) of its scale from the middle.
  const scale = height / 2 / (2 * Math.sin(angleOf(reach) / 2));
  const corner = (Math.hypot(width, height) / 2 + BLEED) / scale;
  const angle = corner >= 2 ? 179 : (2 * Math.asin(corner / 2) * 180) / Math.PI;
  return geoAzimuthalEqualArea()
    .rotate([-centre.lon, -centre.lat])
    .translate([width / 2, height / 2])
    .scale(scale)
    .clipAngle(Math.min(179, angle + 1))
    .clipExtent([
      [-BLEED, -BLEED],
      [width + BLEED, height + BLEED],
    ]);
}

/** Where a place lies in the frame; null outside of it. */
export function spotOf(
  projection: GeoProjection,
  { lat, lon }: Position,
  { width, height }: Frame,
): readonly [x: number, y: number] | null {
  const spot = projection([lon, lat]);
  if (!spot?.every(Number.isFinite)) return null;
  const [x, y] = spot;
  return x >= 0 && y >= 0 && x <= width && y <= height ? [x, y] : null;
}
