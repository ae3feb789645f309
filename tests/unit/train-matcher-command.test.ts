// `cairn train-matcher` as a user runs it: drawn photos in, weights, log and curves out; resumed; refused.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { networkWeights } from '../../src/cli/models.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { isLent, lentWeights, loftrParameters } from '../../src/nets/loftr/loftr.ts';
import { LOFTR } from '../../src/nets/loftr/specs.ts';
import { toFloat32 } from '../../src/weights/safetensors.ts';
import { lastLine, type Run, runCairn, weightsOf } from './training-run.ts';
import { expectClose } from './wasm-backend.ts';

const LIMIT_MS = 240_000;

let folder: string;
let manifest: string;
let pairs: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-matcher-'));
  const lines = ['path,label,split,kind'];
  for (let label = 0; label < 3; label++) {
    for (let view = 0; view < 2; view++) {
      const { data, width, height } = drawScene(label, view);
      const file = `${label}-${view}.jpg`;
      await sharp(data, { raw: { width, height, channels: 3 } })
        .jpeg()
        .toFile(join(folder, file));
      // The last landmark's photos are for validation: role `known`.
      const split = label < 2 ? 'train' : 'index';
      lines.push(`${file},drawn-${label},${split},landmark_seen`);
    }
  }
  manifest = join(folder, 'manifest.csv');
  await writeFile(manifest, `${lines.join('\n')}\n`);
  const points = Array.from({ length: 12 }, (_, i) => {
    const [x, y] = [40 + 30 * (i % 4), 40 + 30 * Math.floor(i / 4)];
    return [x, y, x, y];
  });
  pairs = join(folder, 'pairs.jsonl');
  const line = { a: '0-0.jpg', b: '0-1.jpg', points, homography: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
  await writeFile(pairs, `${JSON.stringify(line)}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function train(out: string, ...more: string[]): Promise<Run> {
  const args = ['train-matcher', '--manifest', manifest, '--out', join(folder, out)];
  const usual = ['--spec', 'tiny', '--preset', 'tiny', '--batch', '2', '--backend', 'wasm'];
  return runCairn([...args, ...usual, ...more]);
}

const weightsIn = (out: string) => weightsOf(join(folder, out));

describe('cairn train-matcher', { timeout: LIMIT_MS }, () => {
  test('leaves weights of every parameter, a log, curves, and says how good it is', async () => {
    const more = ['--epochs', '2', '--validate-every', '1', '--pairs', pairs];
    const run = await train('plain', ...more, '--pairs-share', '0.5');
    expect(run.code, run.stderr).toBe(0);
    expect(lastLine(run)).toMatchObject({
      arch: 'loftr',
      spec: 'tiny',
      epochs: 2,
      backend: 'wasm',
      pairs: 8,
      weights: join(folder, 'plain', 'weights.safetensors'),
    });
    expect(lastLine(run).pairs_per_second).toBeGreaterThan(0);
    const { best, val } = lastLine(run);
    expect(best.auc5).toBeGreaterThanOrEqual(0);
    expect(Object.keys(val).sort()).toEqual(['auc10', 'auc3', 'auc5', 'matches', 'within3']);
    expect(new Set((await weightsIn('plain')).keys())).toEqual(
      new Set(loftrParameters(LOFTR.tiny!).keys()),
    );
    const log = (await readFile(join(folder, 'plain', 'log.jsonl'), 'utf8')).trim().split('\n');
    const kinds = log.map((line) => JSON.parse(line).kind);
    expect(kinds).toEqual(['step', 'step', 'validation', 'step', 'step', 'validation']);
    expect(Object.keys(JSON.parse(log[0]!).parts)).toContain('confidence');
    const curves = await readFile(join(folder, 'plain', 'curves.svg'), 'utf8');
    expect(curves).toContain('validation AUC at 5 px');
  });

  test('goes on from a checkpoint to the same weights', async () => {
    await train('whole', '--epochs', '2');
    const cut = await train('cut', '--epochs', '2', '--stop-after', '3');
    expect(lastLine(cut).pairs).toBe(6);
    const other = await train('cut', '--epochs', '2', '--seed', '2', '--resume');
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('other settings');
    const resumed = await train('cut', '--epochs', '2', '--resume');
    expect(resumed.code, resumed.stderr).toBe(0);
    const [whole, again] = await Promise.all([weightsIn('whole'), weightsIn('cut')]);
    for (const [name, { data }] of whole) expect(again.get(name)?.data, name).toEqual(data);
  });

  test('says what a run would cost, and trains nothing', async () => {
    const run = await train('dry', '--spec', 'compact', '--sizes', '128,192', '--dry-run');
    expect(run.code, run.stderr).toBe(0);
    const plan = JSON.parse(run.stdout);
    expect(plan).toMatchObject({ spec: 'compact', photos: 4, batch: 2, steps: 4 });
    expect(plan.stages[1].flops).toBeGreaterThan(2 * plan.stages[0].flops);
    expect(plan.backends.wasm.hours).toBeGreaterThan(0);
    await expect(stat(join(folder, 'dry'))).rejects.toThrow();
  });

  test('starts from what an encoder lends, and leaves that as it is', async () => {
    const run = await train('lent', '--spec', 'lite0', '--stop-after', '2');
    expect(run.code, run.stderr).toBe(0);
    const { length } = [...loftrParameters(LOFTR.lite0!).keys()].filter(isLent);
    const all = await weightsIn('lent');
    const lite0 = (await networkWeights('efficientnet-lite', 'lite0'))!; // the default model's
    const lent = lentWeights(lite0, LOFTR.lite0!);
    expect(lent.size).toBe(length);
    for (const [name, tensor] of lent) {
      // The average of the weights rounds what never moves.
      expectClose(toFloat32(all.get(name)!), toFloat32(tensor), 1e-5);
    }
    const lost = await train('lost', '--spec', 'tiny-lite');
    expect(lost.code).toBe(2);
    expect(lost.stderr).toMatch(/efficientnet-lite\/tiny.*--init/);
  });

  test('refuses pairs that training must not see, and such as say nothing', async () => {
    const refused = async (line: object | string) => {
      const file = join(folder, 'wrong.jsonl');
      await writeFile(file, typeof line === 'string' ? line : JSON.stringify(line));
      const run = await train('refused', '--pairs', file);
      expect(run.code).toBe(2);
      return run.stderr;
    };
    const points = Array.from({ length: 8 }, () => [1, 2, 3, 4]);
    expect(await refused({ a: '0-0.jpg', b: '2-0.jpg', points })).toMatch(/line 1.*2-0\.jpg/);
    expect(await refused({ a: '0-0.jpg', b: '0-1.jpg', points: [[1, 2, 3]] })).toMatch(/points/);
    expect(await refused('{')).toMatch(/no JSON/);
  });

  test.each([
    ['--spec', 'outdoor'],
    ['--epochs', '1,2'],
    ['--sizes', '100'],
    ['--backend', 'gpu'],
    ['--lr', '0'],
    ['--pairs-share', '0.5'],
  ])('refuses %s %s with a reason', async (flag, value) => {
    const run = await train('refused', flag, value);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('cairn: ');
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });
});
