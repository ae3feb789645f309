// Results of pairs kept between runs, sets of pairs read from a folder, and a matcher that keeps what it finds.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PairCache, pairKey } from '../../src/cli/pair-cache.ts';
import { evidenceOf } from '../../src/cli/pair-matcher.ts';
import { parsePairList, readPairSet } from '../../src/cli/pair-set.ts';
import { groupBy } from '../../src/evaluation/group.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { verifyPoints } from '../../src/inference/match-photos.ts';
import { LOFTR } from '../../src/nets/loftr/specs.ts';
import { SUPERGLUE } from '../../src/nets/superglue/specs.ts';
import { SUPERPOINT } from '../../src/nets/superpoint/specs.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-pair-cache-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writePhoto(file: string, view: number): Promise<void> {
  const { data, width, height, channels } = drawScene(7, view);
  await sharp(data, { raw: { width, height, channels } }).jpeg({ quality: 95 }).toFile(file);
}

test('keys change with the matcher, with either photo and with their order', () => {
  const keys = [
    pairKey('m', 'a', 'b'),
    pairKey('m', 'b', 'a'),
    pairKey('m', 'a', 'c'),
    pairKey('n', 'a', 'b'),
  ];
  expect(new Set(keys).size).toBe(4);
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(pairKey('m', 'a', 'b')).toBe(keys[0]);
});

test('rows of the specs are what they were when pairs were kept under their names', () => {
  const hash = (row: unknown) =>
    createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 12);
  const rows = Object.entries({ LOFTR, SUPERPOINT, SUPERGLUE }).flatMap(([table, specs]) =>
    Object.entries<unknown>(specs)
      // Of the tests' own nothing is kept between runs.
      .filter(([name]) => !name.startsWith('tiny'))
      .map(([name, row]) => [`${table} ${name}`, hash(row)]),
  );
  // Keys hold a row's name and the weights, not the row: one that is changed must take another name, or pairs
  // that it matched before would be taken for its own. A new row is written down here.
  expect(Object.fromEntries(rows)).toEqual({
    'LOFTR outdoor': '91fb7ca2a4ff',
    'LOFTR indoor': '91fb7ca2a4ff',
    'LOFTR indoor_new': '7d66f0dbe8b8',
    'LOFTR compact': 'ed8b2e15e234',
    'LOFTR lite0': 'b5a19bbff70a',
    'SUPERPOINT v1': '1a07b5a37410',
    'SUPERGLUE outdoor': '44dba7e3b9b9',
    'SUPERGLUE indoor': '44dba7e3b9b9',
  });
});

describe('a cache', () => {
  test('has what was put there, in another run too', async () => {
    const cache = await PairCache.open<{ inliers: number } | null>(folder, 'plain');
    expect(cache.get('x')).toBeUndefined();
    await cache.put('x', { inliers: 12 });
    await cache.put('nothing', null);
    const again = await PairCache.open<{ inliers: number } | null>(folder, 'plain');
    expect(again.size).toBe(2);
    expect(again.get('x')).toEqual({ inliers: 12 });
    expect(again.get('nothing')).toBeNull();
  });

  test('computes a value once', async () => {
    const cache = await PairCache.open<number | null>(folder, 'once');
    let computed = 0;
    const compute = async () => {
      computed++;
      return null;
    };
    expect(await cache.of('x', compute)).toBeNull();
    expect(await cache.of('x', compute)).toBeNull();
    expect(computed).toBe(1);
    expect((await readFile(cache.file, 'utf8')).split('\n').length).toBe(2);
  });

  test('passes over a torn last line, and writes the next one on a line of its own', async () => {
    const cache = await PairCache.open<number>(folder, 'torn');
    await cache.put('first', 1);
    await appendFile(cache.file, '{"key":"second","val');
    const again = await PairCache.open<number>(folder, 'torn');
    expect(again.size).toBe(1);
    await again.put('third', 3);
    await again.put('fourth', 4);
    const last = await PairCache.open<number>(folder, 'torn');
    expect([last.size, last.get('first'), last.get('third'), last.get('fourth')]).toEqual([
      3, 1, 3, 4,
    ]);
    expect(last.get('second')).toBeUndefined();
  });
});

describe('a set of pairs', () => {
  const list = (...rows: string[]) => ['name,kind,gt', ...rows, ''].join('\n');

  test('comes with sizes and truth', async () => {
    const set = join(folder, 'set');
    for (const name of ['plane', 'marked', 'same']) {
      await mkdir(join(set, name), { recursive: true });
      await writePhoto(join(set, name, 'a.jpg'), 0);
      await writePhoto(join(set, name, 'b.jpg'), 1);
    }
    await writeFile(join(set, 'plane', 'H.txt'), '1 0 5\n0 1 -3\n0 0 1\n');
    await writeFile(join(set, 'marked', 'corrs.txt'), '1.5 2 3 4\n5 6 7 8\n');
    await writeFile(
      join(set, 'pairs.csv'),
      list('plane,homography,H.txt', 'marked,correspondences,corrs.txt', 'same,same_scene,'),
    );
    const [plane, marked, same] = await readPairSet(set);
    const { width, height } = drawScene(7, 0);
    expect(plane).toMatchObject({ name: 'plane', a: { width, height }, b: { width, height } });
    expect(plane!.truth).toEqual({ kind: 'homography', matrix: [1, 0, 5, 0, 1, -3, 0, 0, 1] });
    expect(marked!.truth).toMatchObject({
      points: [
        [1.5, 2, 3, 4],
        [5, 6, 7, 8],
      ],
    });
    expect(same!.truth).toEqual({ kind: 'same_scene' });
    await writeFile(join(set, 'plane', 'H.txt'), '1 0 5\n0 1\n');
    await expect(readPairSet(set)).rejects.toMatchObject({ code: 'usage' });
  });

  test('is refused with an unknown kind, a name that leaves the folder, or no list', async () => {
    const set = join(folder, 'bad');
    await mkdir(set);
    await expect(readPairSet(set)).rejects.toMatchObject({ code: 'usage' });
    for (const row of ['one,riddle,', '../set/same,same_scene,', 'a', '"', 'x,"y"z,']) {
      await writeFile(join(set, 'pairs.csv'), list(row));
      await expect(readPairSet(set)).rejects.toMatchObject({ code: 'usage' });
    }
  });

  test('has names that stay in its folder', () => {
    for (const name of ['..', 'a/b', 'a\\b', '/a', '', 'x'.repeat(100_000), 'a.b']) {
      expect(() => parsePairList(`name,kind\n${name},same_scene\nb,`, 'pairs.csv')).toThrowError(
        expect.objectContaining({ code: 'usage', message: expect.stringMatching(/^.{1,300}$/s) }),
      );
    }
  });

  const real = fileURLToPath(new URL('../../../shared/data/pairs', import.meta.url));
  if (!existsSync(real))
    console.log('skipped: ../shared/data/pairs is absent, no real set is read');
  test.skipIf(!existsSync(real))('of real photos is read whole', async () => {
    const kinds = groupBy(await readPairSet(real), ({ truth }) => truth.kind);
    const counts = Object.fromEntries([...kinds].map(([kind, pairs]) => [kind, pairs.length]));
    expect(counts).toEqual({
      homography: 19,
      correspondences: 23,
      same_scene: 11,
      different_scene: 4,
    });
  });
});

test('evidence of a pair: inliers of the chosen model, and their confidences summed', () => {
  // Forty points of a plane that moved by (6, −2), and ten strays; all confidences are a half.
  const rows = Array.from({ length: 50 }, (_, i) => {
    const [x, y] = [(37 * i) % 100, (61 * i) % 80];
    const stray = i % 5 === 4 ? 25 + 7 * (i % 3) : 0;
    return [x, y, x + 6 + stray, y - 2 - 2 * stray, 0.5];
  });
  const size = { width: 120, height: 90 };
  const picture = { shrunk: size, original: size };
  const evidence = evidenceOf(verifyPoints(Float32Array.from(rows.flat()), [picture, picture]));
  expect(evidence).toMatchObject({ matches: 50, homographyInliers: 40, inliers: 40 });
  expect(evidence.fundamentalInliers).toBeGreaterThanOrEqual(40);
  expect(evidence.confidence).toBeCloseTo(20, 6);
  expect(evidence.inlierRatio).toBeCloseTo(0.8, 6);
  expect(evidence.orientation).toBe(1);
  expect(evidence.spreadA).toBeGreaterThan(0.3);
});

test('a matcher keeps what it finds of pairs, and no pair of one photo is compared', async () => {
  const [a, b] = [join(folder, 'a.jpg'), join(folder, 'b.jpg')];
  await writePhoto(a, 0);
  await writePhoto(b, 1);
  vi.stubEnv('CAIRN_CACHE', join(folder, 'kept'));
  vi.resetModules();
  const { PairMatcher } = await import('../../src/cli/pair-matcher.ts');
  const source = { random: true, spec: 'tiny', longestSide: 128 };
  const matcher = await PairMatcher.open(source);
  const found = await matcher.evidence([a, b]);
  expect(found!.matches).toBeGreaterThanOrEqual(found!.inliers);
  expect(found!.fundamentalInliers).toBeGreaterThanOrEqual(found!.homographyInliers);
  expect(found!.confidence).toBeLessThanOrEqual(found!.inliers);
  expect(await matcher.evidence([a, a])).toBeNull();
  const estimate = await matcher.estimate([a, b]);
  expect(estimate.matches).toBe(found!.matches);
  expect(estimate.homography.inliers).toBe(found!.homographyInliers);
  await matcher.dispose();

  const again = await PairMatcher.open(source);
  expect(await again.evidence([a, b])).toEqual(found);
  expect(await again.estimate([a, b])).toEqual(estimate);
  const smaller = await PairMatcher.open({ ...source, longestSide: 96 });
  expect([again.key === matcher.key, smaller.key === matcher.key]).toEqual([true, false]);
  const files = await readdir(join(folder, 'kept'));
  expect(files.length).toBe(2);
  vi.unstubAllEnvs();
});

test('a matcher without weights, or with weights of no known size, is refused', async () => {
  const { PairMatcher } = await import('../../src/cli/pair-matcher.ts');
  for (const source of [{ weights: join(folder, 'none.safetensors') }, { superpoint: 'x' }]) {
    await expect(PairMatcher.open(source)).rejects.toMatchObject({ code: 'usage' });
  }
});
