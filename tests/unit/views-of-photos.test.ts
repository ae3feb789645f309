// Which views of a label's photos a collection keeps: what each photo is matched with, and at which size.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, it, vi } from 'vitest';
import {
  type LabelPhoto,
  referenceViews,
  storeViews,
  VIEWS,
  viewsOfAll,
} from '../../src/cli/reference-views.ts';
import type { OrtMatcher } from '../../src/inference/matcher.ts';
import type { ChooseCells, MatchInput } from '../../src/inference/pair-runner.ts';
import { toMatchingPicture } from '../../src/matching/picture.ts';

const LONGEST_SIDE = 320;
const CELL = 8;

// Views are kept between runs; where is read when the module is loaded.
const folder = await vi.hoisted(async () => {
  const [fs, os] = [await import('node:fs/promises'), await import('node:os')];
  const made = await fs.mkdtemp(`${os.tmpdir()}/cairn-views-`);
  process.env.CAIRN_CACHE = `${made}/cache`;
  return made;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function photoOf(name: string, width: number, height: number): Promise<LabelPhoto> {
  const file = join(folder, `${name}.png`);
  const create = { width, height, channels: 3, background: '#888' } as const;
  await writeFile(file, await sharp({ create }).png().toBuffer());
  return { file, sha256: name, embedding: Float32Array.of(1, 0) };
}

/** Sees pictures at the longest side, and finds each cell of the inner column 5 where it is. */
function columnMatcher() {
  const pairs: (readonly [MatchInput, MatchInput])[] = [];
  const seen = ({ bitmap, original }: MatchInput) =>
    toMatchingPicture(bitmap, {
      cell: CELL,
      longestSide: LONGEST_SIDE,
      ...(original ? { original } : {}),
    });
  const matcher = {
    match: async (a: MatchInput, b: MatchInput) => {
      pairs.push([a, b]);
      const pictures = [seen(a), seen(b)] as const;
      const [{ original, shrunk }] = pictures;
      const rows = [3, 4, 5].map((row) => {
        const [x, y] = [5 * CELL, row * CELL].map(
          (at) => ((at + 0.5) * original.width) / shrunk.width - 0.5,
        ) as [number, number];
        return [x, y, x, y, 0.5];
      });
      const points = Float32Array.from(rows.flat());
      return { points, pictures, timings: { features: 0, coarse: 0, fine: 0 } };
    },
    keepView: async (a: MatchInput, choose: ChooseCells) => {
      const picture = seen(a);
      const cells = [...choose(picture, CELL)].flatMap((cell) => [
        cell % picture.cells.width,
        Math.floor(cell / picture.cells.width),
      ]);
      const tokens = new Float32Array(cells.length / 2);
      return { ...picture, cells: Uint8Array.from(cells), channels: 1, tokens };
    },
    forget: async () => {},
  };
  // Nothing else of a matcher is asked for.
  return {
    matcher: matcher as unknown as OrtMatcher,
    longestSide: LONGEST_SIDE,
    key: 'columns',
    pairs,
  };
}

it('a photo is matched with itself as shrunk from what the network sees of it', async () => {
  for (const [width, height] of [
    [200, 160],
    [1280, 960],
  ] as const) {
    const own = columnMatcher();
    const views = await referenceViews(own, [await photoOf(`photo-${width}`, width, height)]);
    expect(own.pairs).toHaveLength(1);
    const [large, small] = own.pairs[0]!;
    expect(large.bitmap.width).toBe(width);
    expect(small.bitmap.width).toBe(VIEWS.selfScale * Math.min(width, LONGEST_SIDE));
    // Its points are the first one's, whose cells are kept.
    expect([...views.get(0)!.cells]).toEqual([5, 3, 5, 4, 5, 5]);
    expect(views.get(0)!.original).toEqual({ width, height });
  }
});

it('a copy of a photo says nothing of it', async () => {
  const photo = await photoOf('twice', 200, 160);
  const own = columnMatcher();
  const views = await referenceViews(own, [photo, { ...photo }]);
  expect([...views.keys()].sort()).toEqual([0, 1]);
  expect(own.pairs).toHaveLength(2); // each with itself, shrunk
});

it('those of all labels come from a file by their places, and are not found twice', async () => {
  const labels = ['b', 'a', 'b', 'a', 'b'];
  const references = await Promise.all(
    labels.map(async (label, i) => ({ label, ...(await photoOf(`all-${i}`, 200 + 8 * i, 160)) })),
  );
  const own = columnMatcher();
  const asked: string[] = [];
  const embeddingOf = async ({ sha256, embedding }: LabelPhoto) => {
    asked.push(sha256);
    return embedding;
  };
  const stored = await storeViews(references, embeddingOf, own);
  expect(asked).toEqual(['all-0', 'all-2', 'all-4', 'all-1', 'all-3']); // label by label
  expect(stored.size).toBe(labels.length);
  for (const place of [4, 0, 3, 1, 2]) {
    expect((await stored.get(place))?.original.width).toBe(200 + 8 * place);
  }
  expect(await stored.get(5)).toBeUndefined();
  await stored.close();

  const again = columnMatcher();
  const known = await viewsOfAll(references, again);
  expect(again.pairs).toHaveLength(0);
  expect([...known.keys()].sort()).toEqual([0, 1, 2, 3, 4]);
  expect(known.get(2)?.original.width).toBe(216);
  const [first, ...others] = references;
  const changed = { ...first!, sha256: 'another' };
  await viewsOfAll([changed, ...others], again);
  expect(again.pairs.length).toBeGreaterThan(0); // those of one label alone
  expect(again.pairs.every(([a]) => ![208, 224].includes(a.bitmap.width))).toBe(true);
});
