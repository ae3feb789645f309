// Which views of a label's photos a collection keeps: what each photo is matched with, and at which size.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LabelPhoto, referenceViews, VIEWS } from '../../src/cli/reference-views.ts';
import type { OrtMatcher } from '../../src/inference/matcher.ts';
import type { ChooseCells, MatchInput } from '../../src/inference/pair-runner.ts';
import { toMatchingPicture } from '../../src/matching/picture.ts';

const LONGEST_SIDE = 320;
const CELL = 8;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-views-'));
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
  return { matcher: matcher as unknown as OrtMatcher, longestSide: LONGEST_SIDE, pairs };
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
