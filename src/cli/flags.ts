// What the command line gives as text, read and checked: numbers, lists, names, sizes. All throw `usage`.
import { ARCHS, type Arch } from '../nets/networks.ts';
import { checkPlaceFilter, type PlaceFilter } from '../retrieval/place-filter.ts';
import { usage } from './output.ts';

export interface Range {
  readonly whole?: boolean;
  readonly least?: number;
  readonly most?: number;
  /** The number must be greater than this. */
  readonly over?: number;
}

export const WHOLE = { whole: true, least: 1 } as const;

export function readNumber(flag: string, text: string, range: Range): number {
  const { whole = false, least = -Infinity, most = Infinity, over = -Infinity } = range;
  const value = Number(text);
  const within = value >= least && value <= most && value > over;
  if (text.trim() !== '' && within && (!whole || Number.isSafeInteger(value))) return value;
  const bounds = [
    ...(range.least === undefined ? [] : [`of at least ${least}`]),
    ...(range.over === undefined ? [] : [`over ${over}`]),
    ...(range.most === undefined ? [] : [`of at most ${most}`]),
  ].join(' and ');
  throw usage(
    `${flag} ${text} cannot be used.`,
    `Give a ${whole ? 'whole ' : ''}number ${bounds}.`,
  );
}

/** Separated by commas. */
export function readNumbers(flag: string, text: string, range: Range): number[] {
  return text.split(',').map((part) => readNumber(flag, part.trim(), range));
}

export function readName<T extends string>(flag: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text);
  if (found !== undefined) return found;
  throw usage(`${flag} ${text} is not known.`, `Use one of: ${allowed.join(', ')}.`);
}

/** Names that others know our networks by. */
const ALIASES: Readonly<Record<string, Arch>> = {
  seresnet: 'se-resnet',
  efficientnet: 'efficientnet-lite',
};

/** The name of an encoder's network; `others` are what the flag takes beside, for the message. */
export function readArch(flag: string, text: string, others: readonly string[] = []): Arch {
  const arch = ALIASES[text] ?? ARCHS.find((each) => each === text);
  if (arch !== undefined) return arch;
  throw usage(`${flag} ${text} is not known.`, `Use one of: ${[...ARCHS, ...others].join(', ')}.`);
}

/** `--country FR,BE` and `--near LAT,LON,KM`; undefined where neither is given. */
export function readPlaceFilter({
  country,
  near,
}: {
  readonly country?: string;
  readonly near?: string;
}): PlaceFilter | undefined {
  if (country === undefined && near === undefined) return undefined;
  const [lat, lon, km, ...more] = near === undefined ? [] : readNumbers('--near', near, {});
  const whole = lat !== undefined && lon !== undefined && km !== undefined && more.length === 0;
  if (near !== undefined && !whole) {
    throw usage(`--near ${near} cannot be used.`, 'Give LATITUDE,LONGITUDE,KILOMETRES.');
  }
  const filter: PlaceFilter = {
    ...(country === undefined
      ? {}
      : { countries: country.split(',').map((code) => code.trim().toUpperCase()) }),
    ...(whole ? { near: { lat, lon, km } } : {}),
  };
  checkPlaceFilter(filter);
  return filter;
}

const MAX_SIDE = 4096;

/** The size of a picture: `SIDE` or `WIDTHxHEIGHT`. */
export function readSize(text: string): { readonly width: number; readonly height: number } {
  const [width, height = width] = text.split('x').map(Number);
  const fine = (side: number | undefined) =>
    Number.isInteger(side) && side! > 0 && side! <= MAX_SIDE;
  if (/^\d+(x\d+)?$/.test(text) && fine(width) && fine(height)) {
    return { width: width!, height: height! };
  }
  throw usage(`--size takes a side or WIDTHxHEIGHT in pixels, not "${text}".`);
}
