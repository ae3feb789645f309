// Checkpoints by our names: what is dropped, renamed, missing, misshapen; precision; the command itself.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parameterShapes } from '../../src/nets/parameters.ts';
import { halfToFloat32 } from '../../src/weights/half.ts';
import { inPrecision, matchParameters, renameCheckpoint } from '../../src/weights/name-maps.ts';
import type { Arch } from '../../src/weights/registry.ts';
import {
  fromFloat32,
  readSafetensors,
  readSafetensorsMetadata,
  toFloat32,
  type Weights,
  writeSafetensors,
} from '../../src/weights/safetensors.ts';

const zeros = (shape: readonly number[]) =>
  fromFloat32(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
const named = (...names: string[]): Weights => new Map(names.map((name) => [name, zeros([1])]));

describe('names', () => {
  test.each<[Arch, string[], string[]]>([
    ['se-resnet', ['conv1.weight', 'bn1.num_batches_tracked', 'fc.weight'], ['conv1.weight']],
    ['nfnet', ['stem.conv1.gain', 'head.fc.bias'], ['stem.conv1.gain']],
    ['efficientnet-lite', ['_bn0.weight', '_fc.weight'], ['_bn0.weight']],
    [
      'swin',
      [
        'norm.weight',
        'head.weight',
        'head.fc.weight',
        'layers.0.blocks.1.attn_mask',
        'layers.0.blocks.0.attn.relative_position_index',
        'layers.0.blocks.0.attn.relative_position_bias_table',
      ],
      ['norm.weight', 'layers.0.blocks.0.attn.relative_position_bias_table'],
    ],
  ])('%s: classifier, counters and computed buffers are dropped', (arch, names, kept) => {
    const { weights, dropped } = renameCheckpoint(arch, named(...names));
    expect([...weights.keys()]).toEqual(kept);
    expect([...dropped, ...kept].sort()).toEqual([...names].sort());
  });

  test('Microsoft’s Swin downsamples at the end of a stage, timm’s at the start of the next', () => {
    const theirs = named(
      'layers.0.downsample.reduction.weight',
      'layers.1.downsample.reduction.weight',
    );
    expect([...renameCheckpoint('swin', theirs).weights.keys()]).toEqual([
      'layers.1.downsample.reduction.weight',
      'layers.2.downsample.reduction.weight',
    ]);
    const timms = named('layers.1.downsample.reduction.weight');
    expect([...renameCheckpoint('swin', timms).weights.keys()]).toEqual([...timms.keys()]);
  });
});

test('a match tells what is missing, unexpected and misshapen', () => {
  const shapes = new Map([
    ['a', [2, 3]],
    ['b', [4]],
    ['c', [1]],
  ]);
  const checkpoint: Weights = new Map([
    ['c', zeros([1])],
    ['a', zeros([3, 2])],
    ['d', zeros([1])],
  ]);
  const match = matchParameters(checkpoint, shapes);
  expect([...match.weights.keys()]).toEqual(['c']);
  expect(match.missing).toEqual(['b']);
  expect(match.unexpected).toEqual(['d']);
  expect(match.misshapen).toEqual([{ name: 'a', shape: [3, 2], expected: [2, 3] }]);
});

describe('precision', () => {
  const numbers = Float32Array.of(0.1, -2, 3, 1e-3);

  test('half precision takes matrices and kernels, leaves vectors, gains and norms', () => {
    const weights: Weights = new Map([
      ['matrix', fromFloat32(numbers, [2, 2])],
      ['vector', fromFloat32(numbers, [4])],
      ['gain', fromFloat32(numbers, [4, 1, 1, 1])],
    ]);
    const half = inPrecision(weights, 'float16');
    expect([...half].map(([name, { dtype }]) => [name, dtype])).toEqual([
      ['matrix', 'F16'],
      ['vector', 'F32'],
      ['gain', 'F32'],
    ]);
    const rounded = toFloat32(half.get('matrix')!);
    numbers.forEach((value, i) => {
      expect(rounded[i]).toBeCloseTo(value, 3);
    });
  });

  test('half precision becomes full when asked, exactly', () => {
    const halves = Uint16Array.of(0x3c00, 0x0001);
    const stored = { dtype: 'F16' as const, shape: [2], data: new Uint8Array(halves.buffer) };
    const full = inPrecision(new Map([['x', stored]]), 'float32').get('x')!;
    expect(full.dtype).toBe('F32');
    expect(toFloat32(full)).toEqual(halfToFloat32(halves));
  });

  test('what is too large for half precision is refused, not made infinite', () => {
    const large: Weights = new Map([['x', fromFloat32(Float32Array.of(1, 7e4, 0, 0), [2, 2])]]);
    expect(() => inPrecision(large, 'float16')).toThrow(
      expect.objectContaining({ code: 'model-invalid' }),
    );
  });
});

describe('cairn import-weights', () => {
  let folder: string;
  const run = promisify(execFile);
  const shapes = parameterShapes('efficientnet-lite', 'tiny');
  const whole = new Map([...shapes].map(([name, shape]) => [name, zeros(shape)]));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-import-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function cairn(weights: Weights, ...more: string[]) {
    const file = join(folder, 'in.safetensors');
    const out = join(folder, 'out.safetensors');
    await rm(out, { force: true });
    await writeFile(file, writeSafetensors(weights));
    const args = ['--arch', 'efficientnet-lite', '--spec', 'tiny', '--out', out, ...more];
    const { stdout, code } = await run('npx', [
      'tsx',
      'src/cli/main.ts',
      'import-weights',
      file,
      ...args,
    ]).then(
      (done) => ({ ...done, code: 0 }),
      (failed: { stdout: string; code: number }) => failed,
    );
    const written = await readFile(out).catch(() => null);
    return { report: JSON.parse(stdout), code, written };
  }

  test('a whole checkpoint is written with its names', async () => {
    const { report, code, written } = await cairn(new Map([...whole, ['_fc.bias', zeros([9])]]));
    expect(code).toBe(0);
    expect(report).toMatchObject({ matched: shapes.size, missing: [], unexpected: [] });
    expect(report.dropped).toEqual(['_fc.bias']);
    expect([...readSafetensors(written!).keys()].sort()).toEqual([...shapes.keys()].sort());
    expect(readSafetensorsMetadata(written!).get('spec')).toBe('tiny');
  });

  test('a part is exit 2 and no file, unless asked for', async () => {
    const [first, ...rest] = whole;
    const part = new Map([...rest, ['stray', zeros([1])] as const]);
    const refused = await cairn(part);
    expect(refused).toMatchObject({ code: 2, written: null });
    expect(refused.report).toMatchObject({ missing: [first![0]], unexpected: ['stray'] });
    const kept = await cairn(part, '--partial', '--fp16');
    expect(kept.code).toBe(0);
    expect(readSafetensors(kept.written!).size).toBe(shapes.size - 1);
  });
});
