// Places on the globe: how far two lie apart, and what is a place at all. The Earth counts as a sphere.

/** Degrees, WGS 84: `lat` −90..90, `lon` −180..180. */
export interface Position {
  readonly lat: number;
  readonly lon: number;
}

/** Mean radius of the Earth (IUGG), metres: with it distances are right to about half a percent. */
const EARTH_RADIUS = 6_371_008.8;

const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Metres along the great circle, by the haversine, which keeps its digits for points close together. */
export function distanceMetres(a: Position, b: Position): number {
  const up = Math.sin(radians(b.lat - a.lat) / 2) ** 2;
  const along = Math.sin(radians(b.lon - a.lon) / 2) ** 2;
  const half = up + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * along;
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(half)));
}

/** The angle at the Earth's centre that a distance on its surface stands for, radians, 0..π. */
export function angleOf(metres: number): number {
  return Math.min(Math.PI, metres / EARTH_RADIUS);
}

/** Both there and on the globe; null else. */
export function positionOf(
  lat: number | null | undefined,
  lon: number | null | undefined,
): Position | null {
  if (typeof lat !== 'number' || typeof lon !== 'number') return null;
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
}
