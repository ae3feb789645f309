// A run of `cairn train-matcher` becomes the registry's matcher, and one that finds nothing does not.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRegistry } from '../../src/weights/load-registry.ts';
import {
  readSafetensors,
  readSafetensorsMetadata,
  writeSafetensors,
} from '../../src/weights/safetensors.ts';
import { scenePng } from '../browser/harness/drawn-site.ts';
import { writeTinyModels } from '../browser/harness/tiny-models.ts';
import { cosineWeights } from './matching-weights.ts';
import { type Run, runCairn } from './training-run.ts';

const LIMIT_MS = 240_000;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
let models: string;
let run: string;

function ship(...args: string[]): Promise<Run> {
  const command = ['--import', 'tsx', join(ROOT, 'scripts/ship-matcher.ts'), run, ...args];
  const env = { ...process.env, CAIRN_MODELS: models };
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: ROOT, env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-ship-'));
  [models, run] = [join(folder, 'models'), join(folder, 'run')];
  await writeTinyModels(models, 'right');
  const lines = ['path,label,split,kind'];
  for (const [label, split] of ['train', 'train', 'index'].entries()) {
    for (const view of [0, 1]) {
      const file = `${label}-${view}.png`;
      await writeFile(join(folder, file), await scenePng(label, view));
      lines.push(`${file},drawn-${label},${split},landmark_seen`);
    }
  }
  const manifest = join(folder, 'manifest.csv');
  await writeFile(manifest, `${lines.join('\n')}\n`);
  const args = ['--spec', 'tiny', '--preset', 'tiny', '--batch', '2', '--backend', 'wasm'];
  const trained = await runCairn([
    ...['train-matcher', '--manifest', manifest, '--out', run, '--validate-every', '1'],
    ...args,
  ]);
  expect(trained.code, trained.stderr).toBe(0);
}, LIMIT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a matcher that finds nothing in its pair does not ship', { timeout: LIMIT_MS }, async () => {
  const before = await readdir(models);
  const refused = await ship('loftr-tiny');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/no backend can be tested/);
  expect(await readdir(models)).toEqual(before);
});

test('a run becomes weights, golden pair, curves, card and entry', {
  timeout: LIMIT_MS,
}, async () => {
  // What the run learned in two steps, replaced by weights that find a picture in itself.
  const file = join(run, 'weights.safetensors');
  const metadata = readSafetensorsMetadata(await readFile(file));
  await writeFile(file, writeSafetensors(cosineWeights('tiny'), metadata));
  const shipped = await ship('loftr-tiny', '--pair', '7,0,0', '--longest-side', '320');
  expect(shipped.code, shipped.stderr).toBe(0);
  const text = (name: string) => readFile(join(models, name), 'utf8');

  const registry = parseRegistry(await readFile(join(models, 'registry.json')));
  expect(registry).toMatchObject({
    defaultEncoder: 'tiny',
    defaultMatcher: 'loftr-tiny',
    matchers: [{ id: 'loftr-tiny', arch: 'loftr', spec: 'tiny', longestSide: 320 }],
  });
  const weights = readSafetensors(await readFile(join(models, 'loftr-tiny.safetensors')));
  expect(weights.get('loftr_coarse.layers.0.mlp.0.weight')?.dtype).toBe('F16');
  expect(weights.get('loftr_coarse.layers.0.norm2.weight')?.dtype).toBe('F32');
  expect(JSON.parse(await text('loftr-tiny-golden.json'))).toMatchObject({
    pair: { seed: 7, views: [0, 0] },
    leastInliers: expect.any(Number),
  });
  expect(await text('loftr-tiny.svg')).toContain('learning rate');

  const card = await text('loftr-tiny.md');
  expect(card).toMatch(/^# loftr-tiny\n/);
  expect(card).toMatch(/train-matcher --manifest \S+ --spec tiny --sizes 64 --epochs 1 --batch 2/);
  expect(card).toMatch(/2 steps, 4 pairs in .* on wasm/);
  expect(card).toMatch(/\| step \| AUC at 3 px/);
  for (const part of ['pairs', 'match-roc']) {
    expect(card).toContain(`<!-- ${part} begins -->\n<!-- ${part} ends -->`);
  }
  // Nothing of the machine.
  expect(card).not.toContain(folder);

  // Shipped again, it takes its own place.
  expect((await ship('loftr-tiny', '--pair', '7,0,0')).code).toBe(0);
  const again = parseRegistry(await readFile(join(models, 'registry.json')));
  expect(again.matchers).toHaveLength(1);
  const photos = [join(folder, '0-0.png'), join(folder, '1-0.png')];
  const env = { CAIRN_MODELS: models, CAIRN_BACKEND: 'wasm' };
  const matched = await runCairn(['match', ...photos, '--json'], env);
  expect(matched.code, matched.stderr).toBe(0);
  expect(JSON.parse(matched.stdout)).toMatchObject({ matcher: 'loftr-tiny' });
});
