// What a photo says of itself: when, where and by which camera it was taken. Everything in it may be wrong or made
// to mislead, so what makes no sense counts as not said.
import { type Position, positionOf } from '../map/geo.ts';

/** What the clock of the camera showed. EXIF has no time zone unless an offset is stated. */
export interface Taken {
  /** The shown time as if it were UTC: milliseconds since 1970. */
  readonly shown: number;
  /** Such as `+02:00`; null where only the clock's own time is known. */
  readonly offset: string | null;
}

export interface PhotoFacts {
  readonly taken: Taken | null;
  readonly position: Position | null;
  /** Maker and model. */
  readonly camera: string | null;
}

/** A tag as exifreader hands it over; its value may be anything. */
export type RawTags = Readonly<Record<string, { readonly value: unknown } | undefined>>;

/** The tags that are read, by exifreader's names. */
export const TAGS = [
  'Make',
  'Model',
  'DateTimeOriginal',
  'DateTimeDigitized',
  'OffsetTimeOriginal',
  'OffsetTimeDigitized',
  'GPSLatitudeRef',
  'GPSLatitude',
  'GPSLongitudeRef',
  'GPSLongitude',
] as const;

/** The first photograph that is kept is of about 1826. */
const FIRST_YEAR = 1826;
/** Clocks and time zones may lie this far ahead of ours, ms. */
const AHEAD = 26 * 3600 * 1000;
const LONGEST_CAMERA = 80;

/** Null where nothing of it is said. @param now milliseconds since 1970: no photo is taken later */
export function factsOf(tags: RawTags, now: number): PhotoFacts | null {
  const taken =
    takenOf(text(tags.DateTimeOriginal), text(tags.OffsetTimeOriginal), now) ??
    takenOf(text(tags.DateTimeDigitized), text(tags.OffsetTimeDigitized), now);
  const position = placeOf(tags);
  const camera = cameraOf(text(tags.Make), text(tags.Model));
  return taken || position || camera ? { taken, position, camera } : null;
}

function takenOf(stated: string, offset: string, now: number): Taken | null {
  const parts = /^(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?/.exec(stated);
  if (!parts) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (hour > 23 || minute > 59 || second > 59) return null;
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  // Months of zero and 30 February come out as other days.
  const date = new Date(shown);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  if (year < FIRST_YEAR || shown > now + AHEAD) return null;
  const zone = /^([+-])(\d\d):(\d\d)$/.exec(offset);
  // Zones reach from −12 to +14 hours.
  const known = zone && Number(zone[2]) <= 14 && Number(zone[3]) < 60;
  return { shown, offset: known ? offset : null };
}

function placeOf(tags: RawTags): Position | null {
  const lat = degreesOf(tags.GPSLatitude?.value, text(tags.GPSLatitudeRef), 'N', 'S');
  const lon = degreesOf(tags.GPSLongitude?.value, text(tags.GPSLongitudeRef), 'E', 'W');
  const position = positionOf(lat, lon);
  // Where receivers without a fix say that they are.
  return position && (position.lat !== 0 || position.lon !== 0) ? position : null;
}

/** Of [degrees, minutes, seconds] in fractions; null without a hemisphere, whose sign they lack. */
function degreesOf(value: unknown, ref: string, plus: string, minus: string): number | null {
  const side = ref.trim().toUpperCase();
  if (side !== plus && side !== minus) return null;
  if (!Array.isArray(value) || value.length !== 3) return null;
  const [degrees, minutes, seconds] = value.map(fraction);
  if (degrees == null || minutes == null || seconds == null) return null;
  if (minutes >= 60 || seconds >= 60) return null;
  const sum = degrees + minutes / 60 + seconds / 3600;
  return side === minus ? 0 - sum : sum;
}

function fraction(value: unknown): number | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [over, under] = value as readonly unknown[];
  if (typeof over !== 'number' || typeof under !== 'number' || under === 0) return null;
  const number = over / under;
  return Number.isFinite(number) && number >= 0 ? number : null;
}

/** Many models begin with their maker's name. */
function cameraOf(make: string, model: string): string | null {
  const [maker = ''] = make.split(' ');
  const named = model.toLowerCase().startsWith(maker.toLowerCase());
  const camera = named ? model || make : `${make} ${model}`;
  return camera.trim().slice(0, LONGEST_CAMERA).trim() || null;
}

/** ASCII values come as a list with one text; without what could turn or hide the text around it. */
function text(tag: { readonly value: unknown } | undefined): string {
  const value = Array.isArray(tag?.value) ? (tag.value as readonly unknown[])[0] : tag?.value;
  if (typeof value !== 'string') return '';
  return value
    .slice(0, 4 * LONGEST_CAMERA)
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\uFFFD]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
