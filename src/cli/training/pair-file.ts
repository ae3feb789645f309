// Real pairs of photos with matches that are held to be true: one JSON object a line (docs/training.md).
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { shownValue } from '../../errors.ts';
import { type Role, roleOf } from '../../evaluation/protocol.ts';
import type { Plane } from '../../training/matcher/plane.ts';
import type { KnownMatches } from '../../training/matcher/truth.ts';
import { readSplit } from '../describe-photos.ts';
import { usage } from '../output.ts';
import type { ListedPhoto } from '../photo-list.ts';
import type { KnownPair } from './train-worker-protocol.ts';

/** What training may see. */
const TRAINED: readonly Role[] = ['train', 'train-extra'];
/** With fewer points a pair teaches nothing, and is likely to be wrong. */
const LEAST_POINTS = 8;

/**
 * Photos are named by their paths in the manifest: that is how a pair of photos which training must not see
 * is refused. Throws `usage` naming the line.
 */
export async function readPairs(
  file: string,
  listed: readonly ListedPhoto[],
): Promise<KnownPair[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw usage(`The pairs ${file} cannot be read.`, 'Check the path.');
  });
  const split = await readSplit();
  const allowed = listed.filter((row) => TRAINED.includes(roleOf(row, split)));
  const files = new Map(allowed.map((photo) => [photo.path, photo.file]));
  const pairs = parsePairs(text, files, basename(file));
  if (pairs.length === 0) throw usage(`${file} holds no pair.`, 'Leave --pairs out.');
  return pairs;
}

/**
 * @param files of the photos that training may see, by their paths in the manifest
 * @param name of the file, for messages. Throws `usage` naming the line.
 */
export function parsePairs(
  text: string,
  files: ReadonlyMap<string, string>,
  name: string,
): KnownPair[] {
  const pairs: KnownPair[] = [];
  for (const [n, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const wrong = (what: string) =>
      usage(`${name}, line ${n + 1}: ${what}.`, 'See "Real pairs" in docs/training.md.');
    pairs.push(readPair(line, files, wrong));
  }
  return pairs;
}

function readPair(
  line: string,
  files: ReadonlyMap<string, string>,
  wrong: (what: string) => Error,
): KnownPair {
  let entry: Record<string, unknown>;
  try {
    entry = Object(JSON.parse(line)) as Record<string, unknown>;
  } catch {
    throw wrong('it is no JSON');
  }
  const fileOf = (name: 'a' | 'b') => {
    const path = entry[name];
    const found = typeof path === 'string' ? files.get(path) : undefined;
    if (found === undefined) {
      throw wrong(`"${name}" is ${shownValue(path)}, no photo that training may see`);
    }
    return found;
  };
  const both = [fileOf('a'), fileOf('b')] as const;
  const points = entry.points;
  if (!Array.isArray(points) || !points.every((point) => isNumbers(point, 4))) {
    throw wrong('"points" are no list of [xa, ya, xb, yb]');
  }
  if (points.length < LEAST_POINTS) {
    throw wrong(`${points.length} points are fewer than ${LEAST_POINTS}`);
  }
  // Each is a list of four.
  const known = points as unknown as KnownMatches['points'];
  return { files: both, known: { points: known, homography: homographyOf(entry, known, wrong) } };
}

/** Of the sign that has the points before the camera. */
function homographyOf(
  { homography }: Record<string, unknown>,
  points: KnownMatches['points'],
  wrong: (what: string) => Error,
): Plane | null {
  if (homography === undefined || homography === null) return null;
  if (!isNumbers(homography, 9)) throw wrong('"homography" is no list of 9 numbers');
  const [g, h, i] = homography.slice(6);
  const depths = points.map(([x, y]) => g! * x + h! * y + i!);
  const sign = Math.sign(depths[0]!);
  if (sign === 0 || depths.some((depth) => Math.sign(depth) !== sign)) {
    throw wrong('"homography" puts points behind the camera');
  }
  return homography.map((value) => sign * value);
}

function isNumbers(value: unknown, length: number): value is number[] {
  return Array.isArray(value) && value.length === length && value.every(Number.isFinite);
}
