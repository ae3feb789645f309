// `cairn match` and what belongs to it, as a user runs them: with files of weights, with a registry's matcher.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawScene } from '../../src/imaging/drawn.ts';
import { OrtMatcher } from '../../src/inference/matcher.ts';
import { makeMatcherGolden } from '../../src/inference/matcher-golden.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import { SUPERGLUE } from '../../src/nets/superglue/specs.ts';
import { superGlueParameters } from '../../src/nets/superglue/superglue.ts';
import { SUPERPOINT } from '../../src/nets/superpoint/specs.ts';
import { superPointParameters } from '../../src/nets/superpoint/superpoint.ts';
import { parseRegistry } from '../../src/weights/load-registry.ts';
import type { MatcherEntry, VerifiedFile } from '../../src/weights/registry.ts';
import { readSafetensors, writeSafetensors } from '../../src/weights/safetensors.ts';
import { sha256Sync } from '../../src/weights/sha256.ts';
import { scenePng } from '../browser/harness/drawn-site.ts';
import { writeTinyModels } from '../browser/harness/tiny-models.ts';
import { cosineWeights } from './matching-weights.ts';
import { type Run, runCairn } from './training-run.ts';

const LIMIT_MS = 240_000;

let folder: string;
/** Without any matcher, and with one. */
let bare: string;
let models: string;
const paths = { plain: '', turned: '', other: '', copy: '', broken: '', weights: '' };

function cairn(args: readonly string[], registry = bare): Promise<Run> {
  return runCairn(args, { CAIRN_BACKEND: 'wasm', CAIRN_MODELS: registry });
}

async function put(where: string, file: string, bytes: Uint8Array): Promise<VerifiedFile> {
  await writeFile(join(where, file), bytes);
  return { file, bytes: bytes.length, sha256: sha256Sync(bytes) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-match-'));
  [bare, models] = ['bare', 'models'].map((name) => join(folder, name)) as [string, string];
  for (const where of [bare, models]) await writeTinyModels(where, 'right');
  for (const [name, file] of Object.entries({
    plain: 'plain.png',
    turned: 'turned.png',
    other: 'other.png',
    copy: 'copy.png',
    broken: 'broken.jpg',
    weights: 'loftr.safetensors',
  })) {
    paths[name as keyof typeof paths] = join(folder, file);
  }
  await writeFile(paths.plain, await scenePng(7, 0));
  await writeFile(paths.copy, await scenePng(7, 0));
  await writeFile(paths.other, await scenePng(3, 0));
  await writeFile(paths.broken, 'no picture at all');
  // The same pixels lying on their side, with a note that says so.
  const { data, width, height, channels } = drawScene(7, 0);
  const lying = await sharp(data, { raw: { width, height, channels } })
    .rotate(270)
    .raw()
    .toBuffer();
  await sharp(lying, { raw: { width: height, height: width, channels } })
    .withMetadata({ orientation: 6 })
    .png()
    .toFile(paths.turned);

  const weights = cosineWeights('tiny');
  const file = writeSafetensors(weights, new Map([['network', 'loftr/tiny']]));
  await writeFile(paths.weights, file);
  const load = async () => ({ spec: 'tiny', weights });
  const matcher = new OrtMatcher({ runtime: nodeRuntime(), wish: 'wasm', load });
  const pair = { seed: 7, views: [0, 0] } as const;
  const golden = await makeMatcherGolden((a, b) => matcher.match(a, b), pair);
  await matcher.dispose();
  const entry: MatcherEntry = {
    id: 'tiny-loftr',
    title: 'LoFTR by angles',
    arch: 'loftr',
    spec: 'tiny',
    weights: await put(models, 'tiny-loftr.safetensors', file),
    golden: await put(models, 'tiny-golden.json', Buffer.from(JSON.stringify(golden))),
    licence: 'Apache-2.0',
    card: 'none: it knows nothing',
    longestSide: 320,
  };
  const registry = JSON.parse(await readFile(join(models, 'registry.json'), 'utf8'));
  const whole = { ...registry, matchers: [entry], defaultMatcher: entry.id };
  await writeFile(join(models, 'registry.json'), JSON.stringify(whole));
}, LIMIT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('cairn match', { timeout: LIMIT_MS }, () => {
  test('gives matches, inliers and their points in pixels of the upright photos', async () => {
    const { plain, turned, weights } = paths;
    const run = await cairn(['match', plain, turned, '--weights', weights, '--json']);
    expect(run.code, run.stderr).toBe(0);
    const found = JSON.parse(run.stdout);
    expect(found).toMatchObject({
      identical: false,
      model: expect.stringMatching(/^(homography|fundamental)$/),
      matcher: 'loftr/tiny',
      backend: expect.stringMatching(/^wasm/),
    });
    expect(found.matches).toBeGreaterThanOrEqual(found.inliers);
    expect(found.inliers).toBeGreaterThan(100);
    expect(found.seconds).toBeGreaterThan(0);
    expect(found.points).toHaveLength(found.inliers);
    const apart = found.points.map(([xa, ya, xb, yb, sure]: number[]) => {
      expect(xa).toBeLessThan(320);
      expect(ya).toBeLessThan(240);
      expect(sure).toBeGreaterThan(0);
      expect(sure).toBeLessThanOrEqual(1);
      return Math.hypot(xb! - xa!, yb! - ya!);
    });
    // Both show the same upright: what matches lies in one place, within half a window.
    expect(Math.max(...apart)).toBeLessThan(6);
  });

  test('says it in words, and takes the model that it is told to', async () => {
    const { plain, turned, weights } = paths;
    const args = ['match', plain, turned, '--weights', weights, '--model', 'homography'];
    const run = await cairn([...args, '--spec', 'tiny', '--longest-side', '160']);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/\d+ matches, \d+ of which agree with one homography \(\d+\.\d s\)/);
    expect(run.stdout.trim().split('\n')).toHaveLength(1);
  });

  test('does not compare a file with itself, or with a copy', async () => {
    const { plain, copy, weights } = paths;
    for (const second of [plain, copy]) {
      const run = await cairn(['match', plain, second, '--weights', weights, '--json']);
      expect(run.code, run.stderr).toBe(0);
      expect(JSON.parse(run.stdout)).toMatchObject({
        identical: true,
        matches: null,
        inliers: null,
        model: 'homography',
        points: [],
        backend: null,
      });
    }
    const { stdout } = await cairn(['match', plain, copy, '--weights', weights]);
    expect(stdout).toMatch(/the same file/);
  });

  test('uses the default matcher of the registry, tested by its golden pair', async () => {
    const { plain, other } = paths;
    const run = await cairn(['match', plain, other, '--json'], models);
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ matcher: 'tiny-loftr', identical: false });
    const lost = await cairn(['match', plain, other, '--matcher', 'nobody'], models);
    expect(lost.code).toBe(2);
    expect(lost.stderr).toMatch(/no matcher "nobody".*tiny-loftr/);
  });

  test('says what to do where the registry has none', async () => {
    const run = await cairn(['match', paths.plain, paths.other, '--json']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/No matcher.*--weights.*train-matcher/);
  });

  test('names the photo that cannot be read', async () => {
    const { plain, broken, weights } = paths;
    for (const bad of [broken, join(folder, 'nowhere.jpg')]) {
      const run = await cairn(['match', plain, bad, '--weights', weights, '--json']);
      expect(run).toMatchObject({ code: 2, stdout: '' });
      expect(run.stderr).toContain(bad);
      expect(run.stderr.trim().split('\n')).toHaveLength(1);
    }
  });

  test('runs SuperPoint and SuperGlue from files', async () => {
    const fixture = new URL('../fixtures/superglue/tiny.safetensors', import.meta.url);
    const golden = readSafetensors(new Uint8Array(await readFile(fixture)));
    const write = async (name: string, names: Iterable<string>) => {
      const part = new Map([...names].map((each) => [each, golden.get(each)!]));
      const file = join(folder, `${name}.safetensors`);
      await writeFile(file, writeSafetensors(part, new Map([['spec', 'tiny']])));
      return [`--${name}`, file];
    };
    const files = [
      ...(await write('superpoint', superPointParameters(SUPERPOINT.tiny!).keys())),
      ...(await write('superglue', superGlueParameters(SUPERGLUE.tiny!).keys())),
    ];
    const run = await cairn(['match', paths.plain, paths.turned, ...files, '--json']);
    expect(run.code, run.stderr).toBe(0);
    const { matches, inliers, points } = JSON.parse(run.stdout);
    expect(inliers).toBeLessThanOrEqual(matches);
    expect(points).toHaveLength(inliers);
  });

  test.each([
    ['--model', 'affine'],
    ['--spec', 'tiny'],
    ['--superpoint', 'file'],
    ['--matcher', 'a', '--weights', 'b'],
    ['--weights', 'nowhere.safetensors', '--spec', 'tiny'],
    ['--longest-side', '5000'],
  ])('refuses %s %s', async (...flags) => {
    const run = await cairn(['match', paths.plain, paths.other, ...flags], models);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('the registry’s matchers', { timeout: LIMIT_MS }, () => {
  test('are verified and tested by the doctor', async () => {
    const run = await cairn(['doctor', '--json'], models);
    const report = JSON.parse(run.stdout);
    const files = report.models.map(({ file }: { file: string }) => file);
    expect(files).toEqual(expect.arrayContaining(['tiny-loftr.safetensors', 'tiny-golden.json']));
    expect(report.matcher).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/tiny-loftr on wasm.*self-test \d{3} inliers/),
    });
  });

  test('are refused when their files are not those that it names', async () => {
    const damaged = join(folder, 'damaged');
    await mkdir(damaged);
    for (const file of ['registry.json', 'tiny-loftr.safetensors', 'tiny-golden.json']) {
      await writeFile(join(damaged, file), await readFile(join(models, file)));
    }
    await writeFile(join(damaged, 'tiny-golden.json'), '{}');
    const run = await cairn(['match', paths.plain, paths.other], damaged);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/tiny-golden\.json/);
  });

  test('are checked like everything in it', async () => {
    const valid = JSON.parse(await readFile(join(models, 'registry.json'), 'utf8'));
    const parse = (value: unknown) => parseRegistry(Buffer.from(JSON.stringify(value)));
    expect(parse(valid)).toEqual(valid);
    const { matchers, defaultMatcher, ...without } = valid;
    expect(parse(without)).toEqual(without);
    expect(parse({ ...without, matchers: [] })).toEqual({ ...without, matchers: [] });
    const [entry] = matchers;
    const refused: readonly [object, RegExp][] = [
      [{ matchers: {} }, /matchers is no list/],
      [{ matchers: [entry, entry] }, /same id/],
      [{ defaultMatcher: 'x' }, /"x" is not listed/],
      [{ defaultMatcher: undefined }, /defaultMatcher is missing/],
      [{ matchers: undefined }, /matchers is no list/],
      [{ matchers: [{ ...entry, arch: 'sift' }] }, /arch "sift"/],
      [{ matchers: [{ ...entry, spec: '' }] }, /spec is missing/],
      [{ matchers: [{ ...entry, golden: undefined }] }, /golden is no object/],
      [{ matchers: [{ ...entry, weights: { ...entry.weights, file: '../a' } }] }, /plain file/],
      [{ matchers: [{ ...entry, longestSide: 0 }] }, /longestSide is no positive/],
      [{ matchers: [{ ...entry, longestSide: 6400 }] }, /longestSide 6400 is more/],
    ];
    for (const [change, message] of refused) {
      expect(() => parse({ ...valid, ...change })).toThrow(
        expect.objectContaining({
          code: 'model-invalid',
          message: expect.stringMatching(message),
        }),
      );
    }
  });
});

describe('cairn bench match', { timeout: LIMIT_MS }, () => {
  test('times a photo against ten, and the geometry alone', async () => {
    const args = ['bench', 'match', '--n', '1', '--random', '--spec', 'tiny', '--json'];
    const run = await cairn([...args, '--longest-side', '64']);
    expect(run.code, run.stderr).toBe(0);
    const timing = { median: expect.any(Number), p95: expect.any(Number), n: 1 };
    expect(JSON.parse(run.stdout)).toMatchObject({
      bench: 'match',
      backend: expect.stringMatching(/^wasm/),
      matcher: 'loftr/tiny',
      weights: expect.stringMatching(/^random/),
      candidates: 10,
      ...timing,
      cold: timing,
      cached: timing,
      kept: timing,
      ransac: { homography: { n: 1000, right: 1000 }, fundamental: { n: 1000, right: 1000 } },
    });
    const few = await cairn(['bench', 'match', '--photos', folder, '--weights', paths.weights]);
    expect(few.code).toBe(2);
    expect(lastLineOf(few.stderr)).toMatch(/photos/);
  });
});

const lastLineOf = (text: string) => text.trim().split('\n').at(-1);
