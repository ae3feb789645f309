// The recorded graphs of the backbones: what was done while recording does not stand in them.
import { describe, expect, test } from 'vitest';
import { network } from '../../src/nets/networks.ts';
import { initialise } from '../../src/nets/parameters.ts';
import { OnnxOps } from '../../src/tensor/onnx-ops.ts';
import { count, decode, type Graph } from './onnx-decode.ts';

describe('the graphs of the backbones', () => {
  const record = (
    arch: string,
    spec: string,
    sides: readonly [number | string, number | string],
  ) => {
    const ops = new OnnxOps();
    const image = ops.input('image', ['N', 3, ...sides]);
    const params = ops.params(initialise(arch, spec, 1), 'the test');
    const { head } = network(arch, spec).maps(ops, params, image);
    return decode(ops.encode(arch, { head }));
  };
  const kinds = (graph: Graph) => [...new Set(graph.nodes.map(({ op }) => op))].sort();

  test('SE-ResNet: norms folded, free sides, names of its own modules', () => {
    const graph = record('se-resnet', 'tiny', ['H', 'W']);
    expect(kinds(graph)).toEqual(
      ['Add', 'Conv', 'GlobalAveragePool', 'MaxPool', 'Mul', 'Relu', 'Sigmoid'].sort(),
    );
    const names = graph.nodes.map(({ name }) => name);
    // A norm that was folded leaves its mark on the convolution's name.
    expect(names).toEqual(
      expect.arrayContaining([
        'maxpool/MaxPool',
        'layer1.0/se/fc1/Conv',
        'layer4.0/downsample.0/Conv.bn',
      ]),
    );
  });

  test.each(['tiny', 'tiny_eca'])('NFNet %s: weights standardised while recording', (spec) => {
    const graph = record('nfnet', spec, ['H', 'W']);
    const own = spec === 'tiny' ? ['Gelu', 'Relu'] : ['Reshape'];
    expect(kinds(graph)).toEqual(
      ['Add', 'AveragePool', 'Conv', 'GlobalAveragePool', 'Mul', 'Sigmoid', ...own].sort(),
    );
    // No gain is left: it is in the weights, or with the other constants of a gate.
    const left = [...graph.initializers.keys()].filter((name) => name.endsWith('.gain'));
    expect(left).toEqual([]);
  });

  test('Swin: one size, one mask for each stage that shifts, biases laid out, free batch', () => {
    const graph = record('swin', 'tiny', [64, 64]);
    expect([...graph.inputs]).toEqual([['image', ['N', 3, 64, 64]]]);
    const tables = [...graph.initializers.keys()].filter((name) => name.includes('bias_table'));
    expect(tables).toHaveLength(7);
    for (const name of tables) expect(name).toMatch(/spread/);
    const masks = [...graph.initializers.keys()].filter((name) => name.includes('mask'));
    // 16 × 16, 8 × 8 and 4 × 4 tokens in windows of 3; the last stage is one window.
    expect(masks).toHaveLength(3);
    expect(count(graph, 'Softmax')).toBe(7);
    expect(graph.nodes.map(({ name }) => name)).toContain('layers.2.blocks.1/attn/proj/MatMul');
  });
});
