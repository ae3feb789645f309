// Pairs of photos with known geometry: a folder with pairs.csv and, a folder a pair, a.jpg, b.jpg and the truth.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { shownValue } from '../errors.ts';
import type { PointPair } from '../evaluation/pair-metrics.ts';
import {
  type KnownPair,
  PAIR_KINDS,
  type PairKind,
  type PairTruth,
} from '../evaluation/pair-report.ts';
import { inspectPhoto } from '../imaging/inspect.ts';
import { readPhoto } from './encode-photos.ts';
import { usage } from './output.ts';

/** A pair with the paths of its photos. */
export interface PairFiles extends KnownPair {
  readonly files: readonly [a: string, b: string];
}

/** In the order of pairs.csv. Throws `usage` for a list or a truth that cannot be read, and the errors of photos. */
export async function readPairSet(folder: string): Promise<PairFiles[]> {
  const list = join(folder, 'pairs.csv');
  const text = await readFile(list, 'utf8').catch(() => {
    throw usage(`${list} cannot be read.`, 'Give the folder that holds pairs.csv.');
  });
  return Promise.all(
    parsePairList(text, list).map(async ({ name, kind }) => {
      const files = [join(folder, name, 'a.jpg'), join(folder, name, 'b.jpg')] as const;
      const [a, b] = await Promise.all(files.map(sizeOf));
      return { name, files, a: a!, b: b!, truth: await readTruth(join(folder, name), kind) };
    }),
  );
}

/** The lines of pairs.csv; names stay in its folder. Throws `usage`, calling it `list`. */
export function parsePairList(
  text: string,
  list: string,
): { readonly name: string; readonly kind: PairKind }[] {
  let rows: { readonly name?: string; readonly kind?: string }[];
  try {
    rows = parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw usage(`${list} is not a readable CSV: ${detail.slice(0, 200)}`, 'Correct its line.');
  }
  return rows.map(({ name = '', kind }) => {
    const known = PAIR_KINDS.find((each) => each === kind);
    if (!known || !/^[\w-]+$/.test(name)) {
      const what = `a pair ${shownValue(name)} of the kind ${shownValue(kind)}`;
      throw usage(`${list} names ${what}.`, 'Correct its line.');
    }
    return { name, kind: known };
  });
}

async function sizeOf(file: string) {
  const { width, height } = inspectPhoto(await readPhoto(file));
  return { width, height };
}

async function readTruth(folder: string, kind: PairKind): Promise<PairTruth> {
  if (kind === 'homography') {
    const rows = await readNumbers(join(folder, 'H.txt'), 3);
    if (rows.length === 3) return { kind, matrix: rows.flat() };
    throw usage(`${folder}/H.txt has ${rows.length} rows.`, 'A homography has three.');
  }
  if (kind !== 'correspondences') return { kind };
  const points = (await readNumbers(join(folder, 'corrs.txt'), 4)) as unknown as PointPair[];
  return { kind, points };
}

async function readNumbers(file: string, columns: number): Promise<number[][]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw usage(`${file} cannot be read.`, 'Each pair of its kind needs one.');
  });
  return parseNumbers(text, file, columns);
}

/** Rows of so many numbers, blanks between them. Throws `usage` for anything else. */
export function parseNumbers(text: string, file: string, columns: number): number[][] {
  const rows = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/).map(Number));
  if (rows.every((row) => row.length === columns && row.every(Number.isFinite))) return rows;
  throw usage(`${file} has lines that are not ${columns} numbers.`, 'Correct them.');
}
