// What the networks declare about themselves: parameters and costs against timm's, sizes they refuse.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { countMacs } from '../../src/nets/cost.ts';
import { ARCHS, network, specsOf } from '../../src/nets/networks.ts';
import { countParameters, initialise, parameterShapes } from '../../src/nets/parameters.ts';
import { resizingMatrix } from '../../src/nets/swin-tables.ts';
import { cutWindows, mergeOrder, type Size, windowFor } from '../../src/nets/swin-windows.ts';
import { OnnxOps } from '../../src/tensor/onnx-ops.ts';
import { readSafetensors, toFloat32 } from '../../src/weights/safetensors.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/parity/${name}`, import.meta.url));

interface Published {
  readonly arch: string;
  readonly spec: string;
  readonly side: number;
  readonly parameters: number;
  readonly macs: number;
  readonly tensors: number;
  readonly shapes: string;
}
const published = JSON.parse(fixture('published.json').toString()) as Published[];

describe('published sizes are those of timm', () => {
  test.each(published)('$spec', ({ arch, spec, side, parameters, macs, tensors, shapes }) => {
    expect(countParameters(arch, spec)).toBe(parameters);
    expect(countMacs(arch, spec, side, side)).toBe(macs);
    const own = parameterShapes(arch, spec);
    expect(own.size).toBe(tensors);
    const lines = [...own].map(([name, shape]) => `${name} ${shape.join('x')}`).sort();
    expect(createHash('sha256').update(lines.join('\n')).digest('hex')).toBe(shapes);
  });
});

test.each(['se-resnet', 'nfnet', 'swin'])('the compact %s is for phones', (arch) => {
  const parameters = countParameters(arch, 'compact');
  expect(parameters).toBeGreaterThan(3e6);
  expect(parameters).toBeLessThan(6e6);
  const macs = countMacs(arch, 'compact', 224, 224);
  expect(macs).toBeGreaterThan(0.3e9);
  expect(macs).toBeLessThan(0.6e9);
});

test.each(
  ARCHS.flatMap((arch) =>
    specsOf(arch)
      .filter((spec) => spec.startsWith('tiny'))
      .map((spec) => [arch, spec]),
  ),
)('%s/%s starts from a seed, the same everywhere', (arch, spec) => {
  const weights = initialise(arch!, spec!, 7);
  expect([...weights.keys()]).toEqual([...parameterShapes(arch!, spec!).keys()]);
  expect(initialise(arch!, spec!, 7)).toEqual(weights);
  expect(initialise(arch!, spec!, 8)).not.toEqual(weights);
  for (const [name, tensor] of weights) {
    const values = toFloat32(tensor, name);
    const { start } = network(arch!, spec!).parameters.get(name)!;
    if ('value' in start) expect(values.every((value) => value === start.value)).toBe(true);
    else if (values.length > 500) {
      const deviation = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
      expect(deviation / start.std, name).toBeGreaterThan(0.8);
      expect(deviation / start.std, name).toBeLessThan(1.2);
    }
  }
});

test.each([448, 512, 640, 736])('all families take pictures of %s pixels', (side) => {
  for (const arch of ARCHS) expect(countMacs(arch, 'tiny', side, side)).toBeGreaterThan(0);
});

test('sizes that do not fit are refused with a remedy', () => {
  expect(() => countMacs('nfnet', 'tiny', 64, 70)).toThrow(/70 × 64/);
  expect(() => countMacs('swin', 'tiny', 66, 64)).toThrow(/64 × 66/);
  expect(() => network('vgg', '16')).toThrow(/no network "vgg"/);
  expect(() => network('swin', 'huge')).toThrow(/huge/);
  const ops = new OnnxOps();
  const image = ops.input('image', ['N', 3, 'H', 'W']);
  const params = ops.params(initialise('swin', 'tiny', 1), 'the test');
  expect(() => network('swin', 'tiny').maps(ops, params, image)).toThrow(/size of its input/);
});

describe('relative-position tables', () => {
  const file = readSafetensors(fixture('resized-table.safetensors'));
  const table = toFloat32(file.get('table')!, 'table');
  const heads = 2;
  test.each(['3x3', '4x2', '7x7', '12x5'])('from windows of 4 × 4 to %s as timm', (name) => {
    const to = name.split('x').map(Number) as unknown as Size;
    const matrix = resizingMatrix([4, 4], to)!;
    const expected = toFloat32(file.get(`golden.${name}`)!, name);
    const rows = table.length / heads;
    expect(matrix.length / rows).toBe(expected.length / heads);
    expected.forEach((value, i) => {
      let sum = 0;
      for (let r = 0; r < rows; r++) {
        sum += matrix[Math.floor(i / heads) * rows + r]! * table[r * heads + (i % heads)]!;
      }
      expect(sum).toBeCloseTo(value, 4);
    });
  });
  test('stay as they are for the same window', () => {
    expect(resizingMatrix([4, 4], [4, 4])).toBeNull();
  });
});

describe('windows', () => {
  test('hold every token once, padding elsewhere, and lead back', () => {
    const map: Size = [5, 7];
    for (const shifted of [false, true]) {
      const { cut, join, count } = cutWindows(map, [3, 3], shifted);
      expect(count).toBe(6);
      expect(cut).toHaveLength(54);
      const tokens = cut.filter((token) => token !== -1).sort((a, b) => a - b);
      expect(tokens).toEqual(Array.from({ length: 35 }, (_, i) => i));
      join.forEach((place, token) => {
        expect(cut[place]).toBe(token);
      });
    }
  });
  test('shift by half, and part what the shift brought together', () => {
    // A row of 4 tokens in windows of 2, shifted by 1: [1 2] [3 0]; 3 and 0 are no neighbours.
    const { cut, mask } = cutWindows([1, 4], windowFor([1, 4], 2), true);
    expect(cut).toEqual([1, 2, 3, 0]);
    expect([...mask!.values]).toEqual([0, 0, 0, 0, 0, -100, -100, 0]);
  });
  test('do not shift where they cover the map', () => {
    expect(windowFor([2, 9], 3)).toEqual([2, 3]);
    expect(cutWindows([2, 3], windowFor([2, 3], 3), true).mask).toBeNull();
  });
  test('neighbours merge in the order of the paper, zeros beyond the edge', () => {
    expect(mergeOrder([2, 3])).toEqual([0, 3, 1, 4, 2, 5, -1, -1]);
  });
});
