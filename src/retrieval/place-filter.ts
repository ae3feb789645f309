// Which landmarks may be found: those of some countries, those around a point. A photo that says where it was
// taken needs no others.
import { CairnError } from '../errors.ts';
import type { CollectionLabel } from './labels.ts';

export interface PlaceFilter {
  /** ISO 3166-1 alpha-2, upper case; at least one where it is given. */
  readonly countries?: readonly string[];
  /** Degrees and kilometres along the surface, `km` > 0. */
  readonly near?: { readonly lat: number; readonly lon: number; readonly km: number };
}

type Place = Pick<CollectionLabel, 'country' | 'lat' | 'lon'>;

/** IUGG mean radius. */
const EARTH_KM = 6371.0088;
const RADIANS = Math.PI / 180;

/**
 * Great-circle distance in kilometres (haversine formula, Sinnott 1984, which loses nothing at short distances).
 * @param a degrees; so is `b`
 */
export function distanceKm(
  a: { readonly lat: number; readonly lon: number },
  b: { readonly lat: number; readonly lon: number },
): number {
  const north = Math.sin(((b.lat - a.lat) * RADIANS) / 2) ** 2;
  const east = Math.sin(((b.lon - a.lon) * RADIANS) / 2) ** 2;
  const h = north + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * east;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(1, h)));
}

/** Whether it lies where the filter asks; one whose country or place is not known does not. */
export function isWithin({ country, lat, lon }: Place, { countries, near }: PlaceFilter): boolean {
  if (countries && (country === null || !countries.includes(country))) return false;
  if (!near) return true;
  return lat !== null && lon !== null && distanceKm({ lat, lon }, near) <= near.km;
}

/**
 * One entry for each label: 1 where it may be found.
 * @throws CairnError `usage` for a filter with values out of range
 */
export function labelsWithin(labels: readonly Place[], filter: PlaceFilter): Uint8Array {
  checkPlaceFilter(filter);
  return Uint8Array.from(labels, (label) => (isWithin(label, filter) ? 1 : 0));
}

/** @throws CairnError `usage` naming what is wrong */
export function checkPlaceFilter({ countries, near }: PlaceFilter): void {
  if (countries && (countries.length === 0 || countries.some((code) => !/^[A-Z]{2}$/.test(code)))) {
    throw badFilter(`"${countries.join(',').slice(0, 60)}" are no country codes`);
  }
  if (!near) return;
  const { lat, lon, km } = near;
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) {
    throw badFilter(`${lat}, ${lon} is no latitude and longitude in degrees`);
  }
  if (!(km > 0 && Number.isFinite(km))) throw badFilter(`${km} is no distance in kilometres`);
}

function badFilter(what: string): CairnError {
  return new CairnError(
    'usage',
    `The search cannot be narrowed: ${what}.`,
    'Give countries as two capital letters (FR), and a point as latitude, longitude and kilometres.',
  );
}
