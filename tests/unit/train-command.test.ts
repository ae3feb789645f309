// `cairn train` as a user runs it: drawn photos in, weights, log and curves out; again, resumed, in two
// processes.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ValidationSplit } from '../../src/evaluation/protocol.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { studentParameters } from '../../src/training/trainer/model.ts';
import { lastLine, type Run, runCairn, weightsOf } from './training-run.ts';

const SPLIT = fileURLToPath(new URL('../../models/validation-split.json', import.meta.url));
const LIMIT_MS = 240_000;

let folder: string;
let manifest: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-train-'));
  const lines = ['path,label,split'];
  for (let label = 0; label < 3; label++) {
    for (let view = 0; view < 4; view++) {
      lines.push(`${await drawPhoto(label, view)},drawn-${label},train`);
    }
  }
  manifest = join(folder, 'manifest.csv');
  await writeFile(manifest, `${lines.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const EVERY_EPOCH = ['--validate-every', '1'];

/** The drawn photos again, with two views more, in the parts that the validation protocol gives by name. */
async function protocolManifest(): Promise<string> {
  const split: ValidationSplit = JSON.parse(await readFile(SPLIT, 'utf8'));
  const sourceOf = (part: string) =>
    Object.entries(split.negatives)
      .find(([group, its]) => group.startsWith('distractor:') && its === part)?.[0]
      .slice('distractor:'.length);
  const lines = ['path,label,split,kind,source'];
  for (let label = 0; label < 3; label++) {
    for (let view = 0; view < 4; view++) {
      const part = view < 3 ? 'train,landmark_seen,' : 'index,landmark_seen,';
      lines.push(`${label}-${view}.jpg,drawn-${label},${part}`);
    }
  }
  for (const [label, role] of [
    [3, 'bank'],
    [4, 'validation'],
  ] as const) {
    for (let view = 0; view < 2; view++) {
      await drawPhoto(label, view);
      lines.push(`${label}-${view}.jpg,,distractor,nonlandmark_drawn,${sourceOf(role)}`);
    }
  }
  const file = join(folder, 'protocol.csv');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

async function drawPhoto(label: number, view: number): Promise<string> {
  const { data, width, height } = drawScene(label, view);
  const file = `${label}-${view}.jpg`;
  await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toFile(join(folder, file));
  return file;
}

function train(out: string, ...more: string[]): Promise<Run> {
  const args = ['train', '--manifest', manifest, '--arch', 'seresnet', '--out', join(folder, out)];
  const usual = ['--spec', 'tiny', '--preset', 'tiny', '--batch', '4', '--backend', 'wasm'];
  return runCairn([...args, ...usual, ...more]);
}

const weightsIn = (out: string) => weightsOf(join(folder, out));

describe('cairn train', { timeout: LIMIT_MS }, () => {
  test('leaves weights of every parameter, a log of every step and curves', async () => {
    const run = await train('plain', '--epochs', '2');
    expect(run.code, run.stderr).toBe(0);
    expect(lastLine(run)).toMatchObject({
      arch: 'se-resnet',
      spec: 'tiny',
      epochs: 2,
      backend: 'wasm',
      images: 24,
      weights: join(folder, 'plain', 'weights.safetensors'),
    });
    expect(lastLine(run).images_per_second).toBeGreaterThan(0);
    const kept = await readFile(join(folder, 'plain', 'summary.json'), 'utf8');
    expect(JSON.parse(kept)).toEqual(lastLine(run));
    const names = studentParameters({
      arch: 'se-resnet',
      spec: 'tiny',
      pooling: { kind: 'gem', p: 3 },
      dim: 32,
    });
    expect(new Set((await weightsIn('plain')).keys())).toEqual(new Set(names.keys()));
    const log = (await readFile(join(folder, 'plain', 'log.jsonl'), 'utf8')).trim().split('\n');
    expect(log.map((line) => JSON.parse(line).step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await readFile(join(folder, 'plain', 'curves.svg'), 'utf8')).toContain('accuracy');
  });

  test('goes on from a checkpoint to the same weights, and guards its folder', async () => {
    await train('whole', '--epochs', '2');
    const killed = await train('cut', '--epochs', '2', '--save-every', '1', '--stop-after', '3');
    expect(lastLine(killed).images).toBe(12);
    expect((await train('cut', '--epochs', '2', '--save-every', '1')).code).toBe(2);
    const other = await train('cut', '--epochs', '3', '--save-every', '1', '--resume');
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('other settings');
    const resumed = await train('cut', '--epochs', '2', '--save-every', '1', '--resume');
    expect(resumed.code, resumed.stderr).toBe(0);
    const [whole, cut] = await Promise.all([weightsIn('whole'), weightsIn('cut')]);
    for (const [name, { data }] of whole) expect(cut.get(name)?.data, name).toEqual(data);
  });

  test('trains in two processes', async () => {
    const run = await train('two', '--epochs', '1', '--processes', '2');
    expect(run.code, run.stderr).toBe(0);
    expect(lastLine(run)).toMatchObject({ processes: 2, images: 12 });
    expect((await stat(join(folder, 'two', 'checkpoint.safetensors'))).size).toBeGreaterThan(0);
  });

  test('imitates a teacher, and is validated in its own gallery and in the teacher’s', async () => {
    const study = await protocolManifest();
    const size = ['--sizes', '64', '--epochs', '2', '--batch', '4', '--dim', '512'];
    const teacher = ['--teacher', 'efficientnet-lite0-gem', '--class-weight', '0.1'];
    const run = await train('student', '--manifest', study, ...size, ...teacher, ...EVERY_EPOCH);
    expect(run.code, run.stderr).toBe(0);
    const { best, val } = lastLine(run);
    for (const score of [val.gap, val.top1, val.nearest, val.asymmetric]) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
    expect(best.gap).toBeGreaterThanOrEqual(val.gap);
    const log = await readFile(join(folder, 'student', 'log.jsonl'), 'utf8');
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const steps = lines.filter(({ kind }) => kind === 'step');
    // Photos of no landmark are imitated too, and have no class.
    expect(steps.map(({ parts }) => Object.keys(parts).sort())).toContainEqual([
      'accuracy',
      'curricularface',
      'distillation',
    ]);
    for (const { parts } of steps) {
      expect(parts.distillation).toBeGreaterThan(0);
      expect(parts.distillation).toBeLessThan(2);
    }
    expect(lines.filter(({ kind }) => kind === 'validation')).toHaveLength(2);
  });

  test('says what a run would cost, and trains nothing', async () => {
    const size = ['--spec', 'swin_base_patch4_window12_384', '--preset', 'recipe', '--batch', '32'];
    const run = await train('dry', '--arch', 'swin', ...size, '--dry-run');
    expect(run.code, run.stderr).toBe(0);
    const plan = JSON.parse(run.stdout);
    expect(plan).toMatchObject({ arch: 'swin', classes: 3, batch: 32, steps: 28 });
    expect(plan.stages.map(({ size }: { size: number }) => size)).toEqual([448, 512, 640, 736]);
    expect(plan.memory).toBeGreaterThan(1e9);
    expect(plan.backends.wasm.hours).toBeGreaterThan(0);
    await expect(stat(join(folder, 'dry'))).rejects.toThrow();
  });

  test.each([
    ['--loss', 'hinge'],
    ['--epochs', '1,2'],
    ['--spec', 'huge'],
    ['--backend', 'gpu'],
    ['--lr', '0'],
  ])('refuses %s %s with a reason', async (flag, value) => {
    const run = await train('refused', flag, value);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('cairn: ');
  });
});
