// Pairs that a matcher learns from: homographies, cells that match, true places, the same again by one seed.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test, vi } from 'vitest';
import { contactSheet } from '../../src/cli/commands/contact-sheet.ts';
import { truthOverlay, viewLevels } from '../../src/cli/training/pair-sheet.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { MAX_SIDE } from '../../src/matching/presets.ts';
import { COARSE_STRIDE, FINE_REACH } from '../../src/nets/loftr/specs.ts';
import { seededRandom } from '../../src/random.ts';
import { jpegRoundTrip } from '../../src/training/augment/jpeg-node.ts';
import { makePairs, type PairBatch } from '../../src/training/matcher/make-pairs.ts';
import {
  fromUnitSquare,
  inverse,
  moved,
  type Plane,
  STILL,
  times,
} from '../../src/training/matcher/plane.ts';
import { FINE_MATCHES } from '../../src/training/matcher/presets.ts';
import { scorePairs } from '../../src/training/matcher/scores.ts';
import {
  cellAt,
  cellPlace,
  truthOfMatches,
  truthOfViews,
} from '../../src/training/matcher/truth.ts';
import { drawView, toGrey, warpPlane } from '../../src/training/matcher/views.ts';

const VIEW = { width: 64, height: 48 };
const COLUMNS = VIEW.width / 8;
const PHOTO = { width: 200, height: 160 };
const shift = (x: number, y: number): Plane => [1, 0, x, 0, 1, y, 0, 0, 1];

describe('homographies', () => {
  test('from the unit square put its corners where they should be', () => {
    const corners = [
      [10, 20],
      [90, 12],
      [80, 70],
      [5, 60],
    ] as const;
    const plane = fromUnitSquare([corners[0], corners[1], corners[2], corners[3]]);
    for (const [i, [x, y]] of (
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ] as const
    ).entries()) {
      const [u, v] = moved(plane, x, y)!;
      expect(u).toBeCloseTo(corners[i]![0], 9);
      expect(v).toBeCloseTo(corners[i]![1], 9);
    }
    const back = times(inverse(plane), plane);
    back.forEach((value, i) => {
      expect(value).toBeCloseTo(STILL[i]!, 9);
    });
  });

  test('of views keep what is seen on the photo, nearly all of it', () => {
    const random = seededRandom(5);
    let seen = 0;
    for (let n = 0; n < 200; n++) {
      const plane = drawView(PHOTO, VIEW, random);
      const { seen: known } = truthOfViews([plane, plane], PHOTO, VIEW);
      seen += known[0].reduce((sum, value) => sum + value, 0) / known[0].length / 200;
    }
    expect(seen).toBeGreaterThan(0.9);
  });
});

describe('truth', () => {
  test('of a view moved by 16 and 8 pixels: whole cells, no offset, none at the rim', () => {
    // What the first view shows at x, the second shows at x − 16.
    const truth = truthOfViews([shift(20, 20), shift(36, 28)], PHOTO, VIEW);
    truth.matches.forEach((to, from) => {
      const [column, row] = [from % COLUMNS, Math.floor(from / COLUMNS)];
      const inside = column >= 2 && row >= 1;
      expect(to).toBe(inside ? (row - 1) * COLUMNS + column - 2 : -1);
      if (inside) expect([...truth.offsets.subarray(2 * from, 2 * from + 2)]).toEqual([0, 0]);
      else expect(truth.offsets[2 * from]).toBeNaN();
    });
    expect(truth.seen[0].every((value) => value === 1)).toBe(true);
  });

  test('of a view moved by 3 pixels: the same cells, three pixels off', () => {
    const truth = truthOfViews([shift(20, 20), shift(17, 20)], PHOTO, VIEW);
    truth.matches.forEach((to, from) => {
      expect(to).toBe(from);
      expect(truth.offsets[2 * from]).toBeCloseTo(3 / FINE_REACH, 6);
      expect(truth.offsets[2 * from + 1]).toBe(0);
    });
  });

  test('beyond the photo nothing is known, and nothing matches', () => {
    // Columns 0 to 2 of the first view lie left of the photo, as do 0 and 1 of the second.
    const truth = truthOfViews([shift(-20, 20), shift(-12, 20)], PHOTO, VIEW);
    const columnsSeen = (known: Float32Array) => [...known.subarray(0, COLUMNS)];
    expect(columnsSeen(truth.seen[0])).toEqual([0, 0, 0, 1, 1, 1, 1, 1]);
    expect(columnsSeen(truth.seen[1])).toEqual([0, 0, 1, 1, 1, 1, 1, 1]);
    expect([...truth.matches.subarray(0, COLUMNS)]).toEqual([-1, -1, -1, 2, 3, 4, 5, 6]);
  });

  test('of a random homography: each cell’s true place is within half a cell of its match', () => {
    const random = seededRandom(11);
    for (let n = 0; n < 20; n++) {
      const planes = [drawView(PHOTO, VIEW, random), drawView(PHOTO, VIEW, random)] as const;
      const { matches, offsets } = truthOfViews(planes, PHOTO, VIEW);
      const taken = new Set<number>();
      matches.forEach((to, from) => {
        if (to < 0) return;
        expect(taken.has(to)).toBe(false);
        taken.add(to);
        const [px, py] = moved(planes[0], ...cellPlace(from, VIEW))!;
        const [x, y] = cellPlace(to, VIEW);
        const place = [
          x + offsets[2 * from]! * FINE_REACH,
          y + offsets[2 * from + 1]! * FINE_REACH,
        ];
        const [qx, qy] = moved(planes[1], place[0]!, place[1]!)!;
        expect(Math.hypot(px - qx, py - qy)).toBeLessThan(1e-3);
        expect(Math.abs(offsets[2 * from]!)).toBeLessThanOrEqual(1 + 1e-6);
      });
    }
  });

  test('of known points: their cells alone, with offsets where a homography is known', () => {
    const points = [
      [30, 30, 40, 38],
      [31, 30, 41, 38],
      [60, 50, 70, 58],
    ] as const;
    const views = [shift(10, 10), shift(20, 20)] as const;
    const flat = truthOfMatches({ points, homography: null }, views, VIEW);
    const cells = [...flat.matches.keys()].filter((cell) => flat.matches[cell]! >= 0);
    expect(cells).toEqual([cellAt([20, 20], VIEW), cellAt([50, 40], VIEW)]);
    expect(cells.map((cell) => flat.matches[cell])).toEqual([
      cellAt([20, 18], VIEW),
      cellAt([50, 38], VIEW),
    ]);
    expect(flat.seen[0].reduce((sum, value) => sum + value, 0)).toBe(2);
    expect(flat.offsets.every(Number.isNaN)).toBe(true);
    // Within the views the homography moves by (0, −2).
    const known = truthOfMatches({ points, homography: shift(10, 8) }, views, VIEW);
    const [first] = [...known.matches.keys()].filter((cell) => known.matches[cell]! >= 0);
    expect(known.offsets[2 * first! + 1]).toBeCloseTo(-2 / FINE_REACH, 6);
  });
});

const photo = drawScene(3, 0);
const plan = { width: 64, height: 64, seed: 77 };
const pairs = (count: number, seed = 77): Promise<PairBatch> =>
  makePairs(
    Array.from({ length: count }, () => ({ kind: 'one' as const, photo })),
    { ...plan, seed },
    jpegRoundTrip,
  );
const same = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length && Array.from(a).every((value, i) => Object.is(value, b[i]));

describe('batches', () => {
  test('follow from the seed, and each pair from its place', async () => {
    const [batch, again, other] = [await pairs(2), await pairs(2), await pairs(2, 78)];
    const keys = ['pixels', 'matches', 'chosen', 'offsets', 'between', 'seen', 'origins'] as const;
    for (const key of keys) {
      expect(same(batch[key], again[key]), key).toBe(true);
      expect(same(batch[key], other[key]), key).toBe(
        key === 'seen' && same(batch.seen, other.seen),
      );
    }
    const area = 64 * 64;
    expect(same(batch.pixels.subarray(0, area), batch.pixels.subarray(area, 2 * area))).toBe(false);
    const second = await makePairs([{ kind: 'one', photo }], { ...plan, first: 1 }, jpegRoundTrip);
    expect(same(second.matches, batch.matches.subarray(64))).toBe(true);
  });

  test('count the cells of views from anywhere within the largest picture that is matched', async () => {
    const { origins } = await pairs(40);
    const most = (MAX_SIDE - plan.width) / COARSE_STRIDE;
    expect(origins).toHaveLength(4 * 40);
    for (const origin of origins) {
      expect(origin).toBeGreaterThanOrEqual(0);
      expect(origin).toBeLessThanOrEqual(most);
    }
    expect(Math.min(...origins)).toBeLessThan(most / 4);
    expect(Math.max(...origins)).toBeGreaterThan((3 * most) / 4);
  });

  test('hold grey pictures, matches, and true places of those that are chosen', async () => {
    const batch = await pairs(3);
    expect(batch.pixels.length).toBe(6 * 64 * 64);
    expect(batch.pixels.every((value) => value >= 0 && value <= 1)).toBe(true);
    for (let n = 0; n < 3; n++) {
      const matches = batch.matches.subarray(64 * n, 64 * (n + 1));
      const chosen = batch.chosen.subarray(FINE_MATCHES * n, FINE_MATCHES * (n + 1));
      const cells = [...chosen].filter((cell) => cell >= 0);
      expect(cells.length).toBe(matches.filter((to) => to >= 0).length);
      expect(cells.length).toBeGreaterThan(5);
      const between = Array.from(batch.between.subarray(9 * n, 9 * n + 9));
      cells.forEach((cell, k) => {
        const [x, y] = cellPlace(matches[cell]!, plan);
        const at = 2 * (FINE_MATCHES * n + k);
        const [u, v] = moved(between, ...cellPlace(cell, plan))!;
        expect(u).toBeCloseTo(x + batch.offsets[at]! * FINE_REACH, 4);
        expect(v).toBeCloseTo(y + batch.offsets[at + 1]! * FINE_REACH, 4);
      });
    }
  });

  test('show at the true place what the first view shows: pixels agree along the homography', () => {
    const random = seededRandom(2);
    const size = { width: 96, height: 96 };
    const planes = [drawView(photo, size, random), drawView(photo, size, random)] as const;
    const [a, b] = planes.map((plane) => toGrey(warpPlane(photo, plane, size)));
    const forth = times(inverse(planes[1]), planes[0]);
    const values: [number, number][] = [];
    for (let y = 8; y < 88; y += 4) {
      for (let x = 8; x < 88; x += 4) {
        const [u, v] = moved(forth, x, y)!.map(Math.round) as [number, number];
        if (u >= 0 && v >= 0 && u < 96 && v < 96) values.push([a![y * 96 + x]!, b![v * 96 + u]!]);
      }
    }
    const mean = (pick: (pair: [number, number]) => number) =>
      values.reduce((sum, pair) => sum + pick(pair), 0) / values.length;
    const [ma, mb] = [mean(([p]) => p), mean(([, q]) => q)];
    const covariance = mean(([p, q]) => (p - ma) * (q - mb));
    const spread = Math.sqrt(mean(([p]) => (p - ma) ** 2) * mean(([, q]) => (q - mb) ** 2));
    expect(values.length).toBeGreaterThan(80);
    expect(covariance / spread).toBeGreaterThan(0.8);
  });
});

test('a sheet shows pairs with a line for each of some matches, and shades what is unknown', async () => {
  const batch = await pairs(1);
  const known = batch.chosen.filter((cell) => cell >= 0).length;
  const svg = truthOverlay(batch, 0, [
    [4, 4],
    [72, 4],
  ]);
  expect(svg.match(/<line /g)?.length).toBe(Math.min(24, known));
  const unknown = batch.seen.filter((value) => value === 0).length;
  expect(svg.match(/<rect /g)?.length ?? 0).toBe(unknown);
  const [x, y] = cellPlace(batch.chosen[0]!, plan);
  expect(svg).toContain(`<line x1="${4 + x + 0.5}" y1="${4 + y + 0.5}"`);
  const levels = viewLevels(batch, 1);
  expect(levels[7]).toBe(Math.round(255 * batch.pixels[64 * 64 + 7]!));
});

test('cairn contact-sheet --pairs draws two views for each pair, and lines over them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-pairs-'));
  const silence = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const raw = { width: photo.width, height: photo.height, channels: 3 } as const;
    await sharp(photo.data, { raw }).jpeg().toFile(join(folder, '0.jpg'));
    const manifest = join(folder, 'manifest.csv');
    await writeFile(manifest, 'path,label,split\n0.jpg,x,train\n');
    const out = join(folder, 'sheet.png');
    const usual = { preset: 'recipe', size: '96', photos: '1', draws: '2', seed: '1' };
    await contactSheet({ manifest: [manifest], out, pairs: true, ...usual });
    const { data, info } = await sharp(out).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 4 * 100 + 4, height: 104, channels: 3 });
    // Views are grey: what has a colour are lines.
    let coloured = 0;
    for (let i = 0; i < data.length; i += 3) {
      if (Math.abs(data[i]! - data[i + 1]!) + Math.abs(data[i]! - data[i + 2]!) > 60) coloured++;
    }
    expect(coloured).toBeGreaterThan(200);
  } finally {
    silence.mockRestore();
    await rm(folder, { recursive: true, force: true });
  }
});

describe('scores', () => {
  const between = shift(5, -3);
  const rows = (error: number) =>
    Float32Array.from(
      Array.from({ length: 40 }, (_, i) => {
        const [x, y] = [(i * 37) % 60, (i * 23) % 44];
        return [x, y, x + 5 + error, y - 3, 1 - i / 100];
      }).flat(),
    );

  test('of right matches are full, and of shifted ones as much less as they are off', () => {
    const pair = (error: number) => ({ points: rows(error), between, view: VIEW });
    expect(scorePairs([pair(2)]).auc10).toBeCloseTo(0.8, 3);
    const { auc3, auc5, auc10, within3, matches } = scorePairs([pair(0), pair(4)]);
    expect(auc3).toBeCloseTo(0.5, 3);
    expect(auc5).toBeCloseTo((1 + 0.2) / 2, 3);
    expect(auc10).toBeCloseTo((1 + 0.6) / 2, 3);
    expect([within3, matches]).toEqual([0.5, 40]);
  });

  test('without matches are nothing, not an error', () => {
    const nothing = { points: new Float32Array(), between, view: VIEW };
    expect(scorePairs([nothing])).toEqual({ auc3: 0, auc5: 0, auc10: 0, within3: 0, matches: 0 });
  });
});
