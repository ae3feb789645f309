// Numbers, shares, sizes, durations and places as people of each language write them, through Intl.
import type { Candidate } from '../../verdict.ts';
import { LANGUAGE_TAG, type Language } from './messages.ts';

export interface Format {
  /** 12,345 */
  readonly count: (n: number) => string;
  /** A share 0..1 as a whole percentage; never rounds up to 100 % or down to 0 % what is neither. */
  readonly percent: (share: number) => string;
  /** A similarity or score with two decimals. */
  readonly score: (value: number) => string;
  /** A cosine with four decimals, for the self-test. */
  readonly fine: (value: number) => string;
  /** A signed contribution with two decimals and a real minus. */
  readonly signed: (value: number) => string;
  /** Bytes as kB, MB or GB (decimal). */
  readonly bytes: (n: number) => string;
  /** How much of how much, both in the unit of the whole: `3.2 / 9.6 MB`. */
  readonly bytesOf: (done: number, total: number) => string;
  /** Milliseconds below one second, else seconds. */
  readonly duration: (ms: number) => string;
  /** ISO 3166-1 alpha-2 to the country's name; the code itself where it is unknown to Intl. */
  readonly country: (code: string) => string;
  /** Degrees with hemispheres. */
  readonly coordinates: (lat: number, lon: number) => string;
  /** A day, of an ISO 8601 time. */
  readonly date: (time: string) => string;
  /** The same with hours and minutes, where the user is. */
  readonly dateTime: (time: string) => string;
  /** What a clock showed, kept as if it had shown UTC, milliseconds: never moved into a zone. */
  readonly clockTime: (shown: number) => string;
  readonly compare: (a: string, b: string) => number;
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** Degrees with five decimals (about a metre), for pasting into a map: `48.85837, 2.29448`. */
export function plainCoordinates(lat: number, lon: number): string {
  return `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
}

/** Width of a candidate's bar, 0..1: negative similarities show as an empty bar. */
export function barShare(candidate: Pick<Candidate, 'similarity'>): number {
  return Math.min(1, Math.max(0, candidate.similarity));
}

/**
 * The BCP 47 tag to format by: English as written where the user is (dates differ most), else the language alone.
 * @param preferred of the user, best first, as `navigator.languages` has them
 */
export function formatTag(language: Language, preferred: readonly string[]): string {
  const own = preferred.find((tag) => /^en-[A-Z]{2}$/.test(tag));
  return language === 'en' && own !== undefined ? own : LANGUAGE_TAG[language];
}

/** @param tag as {@link formatTag} finds it */
export function createFormat(language: Language, tag = LANGUAGE_TAG[language]): Format {
  const whole = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 });
  const percent = new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 0 });
  const one = fixed(tag, 1);
  const two = fixed(tag, 2);
  const four = fixed(tag, 4);
  const degrees = fixed(tag, 3);
  const signed = new Intl.NumberFormat(tag, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    signDisplay: 'exceptZero',
  });
  const byteFormats = BYTE_UNITS.map((unit, power) => unitFormat(tag, unit, power < 2 ? 0 : 1));
  const milliseconds = unitFormat(tag, 'millisecond', 0);
  const seconds = unitFormat(tag, 'second', 1);
  const regions = new Intl.DisplayNames([tag], { type: 'region', fallback: 'code' });
  const day = new Intl.DateTimeFormat(tag, { dateStyle: 'medium' });
  const momentStyle = { dateStyle: 'medium', timeStyle: 'short' } as const;
  const moment = new Intl.DateTimeFormat(tag, momentStyle);
  const clock = new Intl.DateTimeFormat(tag, { ...momentStyle, timeZone: 'UTC' });
  const collator = new Intl.Collator(tag, { sensitivity: 'base', numeric: true });

  return {
    count: (n) => whole.format(n),
    percent: (share) => percent.format(honestShare(share)),
    score: (value) => two.format(value).replace('-', '−'),
    fine: (value) => four.format(value).replace('-', '−'),
    signed: (value) => signed.format(value).replace('-', '−'),
    bytes: (n) => {
      const power = bytePower(n);
      return byteFormats[power]!.format(n / 1000 ** power);
    },
    bytesOf: (done, total) => {
      const power = bytePower(total);
      const number = power < 2 ? whole : one;
      const share = number.format(done / 1000 ** power);
      return `${share} / ${byteFormats[power]!.format(total / 1000 ** power)}`;
    },
    duration: (ms) => (ms < 999.5 ? milliseconds.format(ms) : seconds.format(ms / 1000)),
    country: (code) => {
      try {
        return regions.of(code) ?? code;
      } catch {
        return code; // not shaped like a region: Intl throws, the page must not
      }
    },
    coordinates: (lat, lon) => {
      const y = degrees.format(Math.abs(lat));
      const x = degrees.format(Math.abs(lon));
      return language === 'zh'
        ? `${lat < 0 ? '南纬' : '北纬'} ${y}°，${lon < 0 ? '西经' : '东经'} ${x}°`
        : `${y}° ${lat < 0 ? 'S' : 'N'}, ${x}° ${lon < 0 ? 'W' : 'E'}`;
    },
    date: (time) => written(time, day),
    dateTime: (time) => written(time, moment),
    clockTime: (shown) => clock.format(shown),
    compare: (a, b) => collator.compare(a, b),
  };
}

/** What is no time is shown as it is. */
function written(time: string, format: Intl.DateTimeFormat): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? time : format.format(at);
}

/** The power of 1000 in whose unit `n` bytes read best. */
function bytePower(n: number): number {
  let power = 0;
  while (power < BYTE_UNITS.length - 1 && n >= 999.5 * 1000 ** power) power++;
  return power;
}

/** 0.999 must not read as certainty, nor 0.001 as impossibility. */
function honestShare(share: number): number {
  const clamped = Math.min(1, Math.max(0, share));
  if (clamped > 0.99 && clamped < 1) return 0.99;
  if (clamped < 0.01 && clamped > 0) return 0.01;
  return clamped;
}

function fixed(tag: string, digits: number): Intl.NumberFormat {
  return new Intl.NumberFormat(tag, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function unitFormat(tag: string, unit: string, digits: number): Intl.NumberFormat {
  return new Intl.NumberFormat(tag, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
