// The commands as a user runs them, on pictures drawn by code: their JSON, their exit codes, their errors.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otherPng, scenePng } from '../browser/harness/drawn-site.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SCENES = [0, 1, 2, 3, 4];
const COMMAND_MS = 120_000;

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder = '';
let photos = '';
let collection = '';

function cairn(...args: string[]): Promise<Run> {
  const command = ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...args];
  const env = { ...process.env, CAIRN_BACKEND: 'wasm', CAIRN_CACHE: join(folder, 'cache') };
  return new Promise((done) => {
    execFile(
      process.execPath,
      command,
      { cwd: ROOT, env, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => done({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-cli-'));
  photos = join(folder, 'photos');
  collection = join(folder, 'collection');
  const lines = ['path,label,split,kind'];
  for (const scene of SCENES) {
    await mkdir(join(photos, `scene_${scene}`), { recursive: true });
    for (const view of [0, 1, 2]) {
      const path = `scene_${scene}/${view}.png`;
      await writeFile(join(photos, path), await scenePng(scene, view));
      lines.push(`${path},scene_${scene},${view < 2 ? 'index' : 'query'},landmark_seen`);
    }
  }
  for (const seed of [1, 2]) {
    await writeFile(join(photos, `other-${seed}.png`), await otherPng(seed));
    lines.push(`other-${seed}.png,,query,nonlandmark_drawn`);
  }
  await writeFile(join(photos, 'list.csv'), `${lines.join('\n')}\n`);
  await writeFile(join(photos, 'scene_0/broken.jpg'), 'no picture at all');
}, COMMAND_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('cairn index', () => {
  it(
    'builds a collection from folders and lists what it skipped',
    async () => {
      const { code, stdout } = await cairn(
        'index',
        photos,
        '--out',
        collection,
        '--name',
        'drawn',
        '--json',
      );
      expect(code).toBe(0);
      const result = JSON.parse(stdout);
      expect(result).toMatchObject({ name: 'drawn', labels: 5, photos: 15 });
      expect(result.skipped).toEqual([
        { path: 'scene_0/broken.jpg', reason: expect.stringMatching(/\w/) },
      ]);
      expect(result.bytes).toBeGreaterThan(15 * 512);
      const { labels } = JSON.parse(await readFile(join(collection, 'collection.json'), 'utf8'));
      expect(labels.map((l: { photos: number }) => l.photos)).toEqual([3, 3, 3, 3, 3]);
    },
    COMMAND_MS,
  );

  it(
    'refuses sources that hold nothing, in one line, with exit code 2',
    async () => {
      const empty = join(folder, 'empty');
      await mkdir(empty, { recursive: true });
      for (const source of [empty, join(folder, 'nowhere')]) {
        const { code, stdout, stderr } = await cairn('index', source, '--out', join(folder, 'x'));
        expect(code).toBe(2);
        expect(stdout).toBe('');
        expect(stderr.trim().split('\n')).toHaveLength(1);
      }
    },
    COMMAND_MS,
  );
});

describe('cairn recognize', () => {
  it(
    'prints a line for each photo, goes on after a bad one, and exits with 2 for it',
    async () => {
      const good = join(photos, 'scene_3/2.png');
      const bad = join(photos, 'scene_0/broken.jpg');
      const { code, stdout } = await cairn(
        'recognize',
        bad,
        good,
        '--collection',
        collection,
        '--json',
      );
      expect(code).toBe(2);
      const [first, second] = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(first).toEqual({
        photo: bad,
        error: { code: 'photo-unsupported', message: expect.any(String) },
      });
      expect(second).toMatchObject({
        photo: good,
        kind: expect.stringMatching(/^(landmark|unlisted|not-landmark)$/),
        backend: expect.stringMatching(/^wasm/),
      });
      expect(second.candidates[0]).toMatchObject({ label: 'scene_3', inliers: null });
      expect(second.confidence).toBeGreaterThan(0);
      expect(second.label === null).toBe(second.kind !== 'landmark');
      const kinds: number[] = Object.values(second.kindProbabilities);
      expect(kinds.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
      expect(second.timings.total).toBeGreaterThan(second.timings.encode);
    },
    COMMAND_MS,
  );

  it(
    'refuses a collection with one flipped byte',
    async () => {
      const damaged = join(folder, 'damaged');
      await mkdir(damaged, { recursive: true });
      for (const file of await readdir(collection)) {
        const bytes = await readFile(join(collection, file));
        if (file.endsWith('.bin')) bytes[Math.floor(bytes.length / 2)]! ^= 1;
        await writeFile(join(damaged, file), bytes);
      }
      const photo = join(photos, 'scene_1/0.png');
      const { code, stderr } = await cairn('recognize', photo, '--collection', damaged, '--json');
      expect(code).toBe(2);
      expect(stderr).toMatch(/^cairn: /m);
    },
    COMMAND_MS,
  );
});

describe('cairn evaluate', () => {
  it(
    'scores every stage of a manifest',
    async () => {
      const list = join(photos, 'list.csv');
      const { code, stdout } = await cairn(
        ...['evaluate', '--manifest', list, '--gallery-splits', 'index', '--json'],
      );
      expect(code).toBe(0);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({ queries: 7, withLandmark: 5 });
      expect(report.stages.map((s: { stage: string }) => s.stage)).toEqual([
        'global',
        '+qe',
        '+vote',
        '+penalty',
        '+mean',
        '+decision',
        '+loftr',
        '+lightgbm',
      ]);
      expect(report.top1).toBeGreaterThanOrEqual(0.8);
      expect(report.gap).toBe(report.stages.at(-1).gap);
      for (const key of ['map100', 'auroc', 'seenTop1', 'acceptedNonLandmarkAt90', 'seconds']) {
        expect(report[key]).toEqual(expect.any(Number));
      }
    },
    COMMAND_MS,
  );

  it(
    'never lets distractors into a gallery',
    async () => {
      const list = join(photos, 'list.csv');
      const { code } = await cairn(
        'evaluate',
        '--manifest',
        list,
        '--gallery-splits',
        'distractor',
      );
      expect(code).toBe(2);
    },
    COMMAND_MS,
  );
});

describe('cairn doctor and bad use', () => {
  it(
    'finds the shipped models and the default collection whole',
    async () => {
      const { code, stdout } = await cairn('doctor', '--json');
      const report = JSON.parse(stdout);
      expect(report.healthy).toBe(true);
      expect(code).toBe(0);
      expect(report.encoder.detail).toMatch(/self-test (1\.0|0\.999)/);
    },
    COMMAND_MS,
  );

  it.each([
    [['no-such-command']],
    [['recognize']],
    [['bench', 'nothing']],
    [['index', '.', '--bogus']],
  ])(
    'exits with 2 for %j',
    async (args) => {
      const { code, stdout, stderr } = await cairn(...args);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    },
    COMMAND_MS,
  );
});
