// What the recorded graph looks like: read back from the file's own bytes, as a runtime would.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type EmitOptions, type EmittedEncoder, emitEncoderOnnx } from '../../src/nets/encoder.ts';
import { OnnxOps } from '../../src/tensor/onnx-ops.ts';
import { fromFloat32, readSafetensors, type Weights } from '../../src/weights/safetensors.ts';
import { count, decode } from './onnx-decode.ts';

const FLOAT16 = 10;

const root = new URL('../../', import.meta.url);
const load = (path: string) => readSafetensors(new Uint8Array(readFileSync(new URL(path, root))));
const tiny = load('tests/fixtures/parity/tiny.safetensors');

const entry: EmittedEncoder = {
  id: 'tiny',
  arch: 'efficientnet-lite',
  spec: 'tiny',
  pooling: { kind: 'gem', p: 3 },
  dim: 16,
  input: { views: [64, 96] },
};
const emit = (
  changes: Partial<EmittedEncoder> = {},
  options: Partial<EmitOptions> = {},
  weights: Weights = tiny,
) =>
  decode(emitEncoderOnnx(weights, { ...entry, ...changes }, { output: 'embedding', ...options }));

describe('the graph of an encoder', () => {
  const graph = emit();

  test('has the declared inputs and outputs, with free sides', () => {
    expect(graph.opset).toBe(20);
    expect(graph.irVersion).toBe(9);
    expect([...graph.inputs]).toEqual([
      ['view0', ['N', 3, 'view0.H', 'view0.W']],
      ['view1', ['N', 3, 'view1.H', 'view1.W']],
    ]);
    expect([...graph.outputs]).toEqual([['embedding', ['N', 16]]]);
    expect([...emit({}, { output: 'descriptor' }).outputs]).toEqual([['descriptor', ['N', 128]]]);
  });

  test('folds every batch norm and pads explicitly', () => {
    expect(count(graph, 'BatchNormalization')).toBe(0);
    const convolutions = graph.nodes.filter(({ op }) => op === 'Conv');
    // Stem, head, 2 in the first block, 3 in each of the 8 others; for each view.
    expect(convolutions).toHaveLength(2 * (2 + 2 + 3 * 8));
    for (const { attributes, inputs } of convolutions) {
      expect(inputs).toHaveLength(3);
      expect(attributes.get('pads')).toHaveLength(4);
      expect(attributes.has('auto_pad')).toBe(false);
    }
    const [stem] = convolutions;
    expect(stem!.attributes.get('pads')).toEqual([0, 0, 1, 1]);
    expect(stem!.attributes.get('strides')).toEqual([2, 2]);
  });

  test('shares weights between views', () => {
    const single = emit({ input: { views: [64] } }, { output: 'descriptor' });
    const double = emit({}, { output: 'descriptor' });
    expect(count(double, 'Conv')).toBe(2 * count(single, 'Conv'));
    expect([...double.initializers.keys()]).toEqual([...single.initializers.keys()]);
  });

  test('names nodes after the modules, all differently', () => {
    const names = graph.nodes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('view1/_blocks.3/_depthwise_conv/Conv.bn');
    expect(names).toContain('view0/gem/GlobalAveragePool');
  });

  test('lists nodes after what they read, and nothing that is not read', () => {
    const known = new Set([...graph.inputs.keys(), ...graph.initializers.keys()]);
    const read = new Set<string>(graph.outputs.keys());
    for (const { inputs, outputs } of graph.nodes) {
      for (const input of inputs) {
        expect(known.has(input), input).toBe(true);
        read.add(input);
      }
      for (const output of outputs) known.add(output);
    }
    for (const name of known) expect(read.has(name), `${name} is read`).toBe(true);
  });

  test('leaves the head out when an earlier map is pooled', () => {
    const early = emit(
      { pooling: { kind: 'average', p: 1, layers: ['stage2', 'last'] } },
      { output: 'descriptor' },
    );
    expect([...early.outputs.values()]).toEqual([['N', 2 * (16 + 32)]]);
    expect(early.nodes.some(({ name }) => name.includes('_conv_head'))).toBe(false);
    expect(count(early, 'Pow')).toBe(0);
  });

  test('can hold weights as float16, cast to float32 once each', () => {
    const half = emit({}, { fp16Weights: true });
    const matrices = [...half.initializers.values()].filter(({ dims }) => dims.length >= 2);
    expect(matrices.every(({ type }) => type === FLOAT16)).toBe(true);
    expect(count(half, 'Cast')).toBe(matrices.length);
  });

  test('can compute convolutions in float16 with float32 on both ends', () => {
    const half = emit({}, { fp16: true });
    const kernels = [...half.initializers.values()].filter(({ dims }) => dims.length === 4);
    expect(kernels.every(({ type }) => type === FLOAT16)).toBe(true);
    // Each view once into half precision, and its map once out of it before pooling.
    expect(count(half, 'Cast')).toBe(4);
  });

  test('of full size is written in well under a second', () => {
    const weights = new Map(load('models/efficientnet-lite0.safetensors'));
    weights.set('whitening.mean', fromFloat32(new Float32Array(2560), [2560]));
    weights.set('whitening.weight', fromFloat32(new Float32Array(512 * 2560), [512, 2560]));
    const full = { ...entry, id: 'lite0', spec: 'lite0', dim: 512, input: { views: [224, 320] } };
    const started = performance.now();
    const bytes = emitEncoderOnnx(weights, full, { output: 'embedding' });
    const milliseconds = performance.now() - started;
    expect(bytes.byteLength).toBeGreaterThan(4 * (3_300_000 + 512 * 2560));
    // About 100 ms alone; the budget leaves room for a busy machine.
    expect(milliseconds).toBeLessThan(2000);
  });
});

describe('wrong weights and entries are refused', () => {
  const without = (name: string) => new Map([...tiny].filter(([key]) => key !== name));
  const shaped = (name: string, shape: number[]) => {
    const length = shape.reduce((a, b) => a * b, 1);
    return new Map([...tiny, [name, fromFloat32(new Float32Array(length), shape)]]);
  };
  const refusal = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return error;
    }
    return null;
  };
  test.each<[string, () => unknown, RegExp]>([
    [
      'a missing parameter',
      () => emit({}, {}, without('_blocks.2._bn1.bias')),
      /_blocks\.2\._bn1\.bias/,
    ],
    ['a missing whitening', () => emit({}, {}, without('whitening.mean')), /whitening\.mean/],
    [
      'a kernel of another width',
      () => emit({}, {}, shaped('_conv_head.weight', [64, 31, 1, 1])),
      /31/,
    ],
    [
      'a kernel of another rank',
      () => emit({}, {}, shaped('_conv_head.weight', [64, 32])),
      /kernel/,
    ],
    ['a short batch norm', () => emit({}, {}, shaped('_bn1.running_var', [63])), /63/],
    [
      'a whitening of another width',
      () => emit({}, {}, shaped('whitening.weight', [16, 64])),
      /64/,
    ],
    [
      'a whitening mean of another length',
      () => emit({}, {}, shaped('whitening.mean', [64])),
      /64/,
    ],
    ['another dimension than declared', () => emit({ dim: 32 }), /32 are declared/],
    ['an unknown spec', () => emit({ spec: 'lite9' }), /lite9/],
    ['a spec named as a method', () => emit({ spec: 'toString' }), /toString/],
    [
      'an unknown layer',
      () => emit({ pooling: { kind: 'gem', p: 3, layers: ['stage9'] } }),
      /stage9/,
    ],
  ])('%s', (_, run, message) => {
    expect(refusal(run)).toMatchObject({
      code: 'model-invalid',
      message: expect.stringMatching(message),
    });
  });
});

describe('OnnxOps', () => {
  test('does arithmetic on parameters while recording', () => {
    const ops = new OnnxOps();
    const weights = new Map([['p', fromFloat32(Float32Array.of(4, 16), [2])]]);
    const p = ops.params(weights, 'test').get('p');
    const folded = ops.pow(ops.clamp(ops.sub(ops.mul(p, 2), 7), 1, 10), -1);
    const x = ops.input('x', ['N', 2]);
    const graph = decode(ops.encode('fold', { y: ops.mul(x, folded) }));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Mul']);
    const [constant] = graph.initializers.values();
    // p · 2 − 7 = [1, 25], clamped to [1, 10], inverted.
    const values = new Float32Array(constant!.data.slice().buffer);
    expect([...values]).toEqual([1, Math.fround(0.1)]);
    expect(graph.initializers.size).toBe(1);
  });

  test('never clamps a clamp: WebGPU would apply the second alone', () => {
    const ops = new OnnxOps();
    const x = ops.input('x', ['N', 2, 'H', 'W']);
    const outputs = {
      a: ops.clampMin(ops.relu6(x), 1),
      b: ops.relu(ops.clamp(x, -2, 3)),
      c: ops.relu6(ops.relu(x)),
      d: ops.relu(ops.clampMin(x, -1)),
      e: ops.clamp(ops.clamp(x, 0, 1), 2, 3),
    };
    const graph = decode(ops.encode('clamps', outputs));
    const bounds = graph.nodes.map(({ op, inputs, outputs: [name] }) => {
      const [source, ...limits] = inputs;
      expect(source).toBe('x');
      const values = limits.map((limit) => {
        const { data } = graph.initializers.get(limit)!;
        return new Float32Array(data.slice().buffer)[0];
      });
      return [name, op, ...values];
    });
    expect(bounds).toEqual([
      ['a', 'Clip', 1, 6],
      ['b', 'Clip', 0, 3],
      ['c', 'Clip', 0, 6],
      ['d', 'Relu'],
      ['e', 'Clip', 2, 2],
    ]);
    for (const encoder of [emit(), emit({}, { fp16: true })]) {
      const producers = new Map(encoder.nodes.map((node) => [node.outputs[0], node.op]));
      for (const { op, inputs } of encoder.nodes) {
        if (op === 'Clip') expect(producers.get(inputs[0])).not.toMatch(/Clip|Relu/);
      }
    }
  });

  test('keeps a convolution whose output is used before its norm too', () => {
    const ops = new OnnxOps();
    const four = (name: string, value: number) =>
      [name, fromFloat32(new Float32Array(2).fill(value), [2])] as const;
    const weights = new Map([
      ['w', fromFloat32(Float32Array.of(1, 2), [2, 1, 1, 1])],
      four('weight', 2),
      four('bias', 1),
      four('runningMean', 3),
      four('runningVar', 1),
    ]);
    const p = ops.params(weights, 'test');
    const conv = ops.conv2d(ops.input('x', ['N', 1, 'H', 'W']), p.get('w'), null);
    const norm = {
      weight: p.get('weight'),
      bias: p.get('bias'),
      runningMean: p.get('runningMean'),
      runningVar: p.get('runningVar'),
    };
    const graph = decode(ops.encode('both', { raw: conv, normed: ops.batchNorm(conv, norm, 3) }));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Conv', 'Conv']);
    // s = 2 / √(1 + 3) = 1, b = (0 − 3) · 1 + 1.
    const bias = graph.initializers.get('w/folded.bias')!;
    expect([...new Float32Array(bias.data.slice().buffer)]).toEqual([-2, -2]);
  });

  test('gives an input, a constant and a doubled value as outputs', () => {
    const ops = new OnnxOps();
    const x = ops.input('x', ['N', 2]);
    const y = ops.relu(x);
    const graph = decode(ops.encode('outputs', { a: x, b: y, c: y }));
    expect(graph.nodes.map(({ op, outputs }) => [op, ...outputs])).toEqual([
      ['Relu', 'b'],
      ['Identity', 'a'],
      ['Identity', 'c'],
    ]);
  });
});
