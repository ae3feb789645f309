// Parity cases of single operations, also in ways that no network of today uses.
import { gem } from '../../src/nets/pooling.ts';
import type { Ops, Params } from '../../src/tensor/ops.ts';
import { toFloat32, type Weights } from '../../src/weights/safetensors.ts';
import type { ParityCase, Values } from './cases.ts';

export function valuesOf(tensors: Weights, name: string): Values | undefined {
  const tensor = tensors.get(name);
  return tensor && { shape: tensor.shape, values: toFloat32(tensor, name) };
}

/** Those of the first networks: convolutions, norms, means, arithmetic. */
export function operations(file: Weights): ParityCase {
  const inputs = new Map(['x', 'v', 'normalize.x'].map((name) => [name, valuesOf(file, name)!]));
  const expected = new Map<string, Values>();
  for (const name of file.keys()) {
    if (/\.(out|add)$/.test(name)) expected.set(name, valuesOf(file, name)!);
  }
  return {
    name: 'single operations',
    weights: new Map([...file].filter(([name]) => !expected.has(name))),
    inputs,
    expected,
    build<T>(ops: Ops<T>, p: Params<T>, given: ReadonlyMap<string, T>) {
      const [x, v, zeros] = ['x', 'v', 'normalize.x'].map((name) => given.get(name)!) as [T, T, T];
      const conv = (name: string, groups: number) =>
        ops.conv2d(x, p.get(`conv.${name}.weight`), p.get(`conv.${name}.bias`), {
          stride: 2,
          pads: [0, 1, 2, 1],
          groups,
        });
      const norm = {
        weight: p.get('bn.weight'),
        bias: p.get('bn.bias'),
        runningMean: p.get('bn.running_mean'),
        runningVar: p.get('bn.running_var'),
      };
      return {
        'conv.plain.out': conv('plain', 1),
        'conv.gem.out': gem(ops, ops.relu6(conv('plain', 1)), 2),
        'conv.grouped.out': conv('grouped', 2),
        'conv.depthwise2.out': conv('depthwise2', 6),
        'bn.out': ops.batchNorm(x, norm, 1e-5),
        'mean.out': ops.spatialMean(x),
        'gem.out': gem(ops, x, p.get('gem.p')),
        'channel.add': ops.add(x, p.get('bn.bias')),
        'linear.out': ops.linear(v, p.get('linear.weight'), p.get('linear.bias')),
        'normalize.out': ops.l2Normalize(zeros),
        'relu6.out': ops.relu6(ops.mul(x, 5)),
        'concat.out': ops.concat([x, ops.mul(x, 2)]),
      };
    },
  };
}

/** Those that the larger backbones brought: pools, gates, sequences. */
export function backboneOperations(file: Weights): ParityCase {
  const given = ['x', 'tokens', 'mean', 'gate'];
  const inputs = new Map(given.map((name) => [name, valuesOf(file, name)!]));
  const expected = new Map(
    [...file.keys()].filter((name) => name.endsWith('.out')).map((n) => [n, valuesOf(file, n)!]),
  );
  return {
    name: 'operations of the backbones',
    weights: new Map([...file].filter(([name]) => /weight|bias/.test(name))),
    inputs,
    expected,
    fixedSize: true,
    build<T>(ops: Ops<T>, p: Params<T>, values: ReadonlyMap<string, T>) {
      const [x, tokens, mean, gate] = given.map((name) => values.get(name)!) as [T, T, T, T];
      const three = { kernel: 3, stride: 2, pads: [1, 1, 1, 1] } as const;
      const two = { kernel: 2, stride: 2 };
      const uneven = { kernel: 3, stride: 2, pads: [1, 2, 0, 1] } as const;
      return {
        'max3.out': ops.maxPool(ops.sub(x, 5), three),
        'max2.out': ops.maxPool(x, two),
        'avg2.out': ops.avgPool(x, two),
        'avg3.counted.out': ops.avgPool(x, three),
        'avg3.uncounted.out': ops.avgPool(x, { ...three, countPadding: false }),
        'avg3.uneven.out': ops.avgPool(x, { ...uneven, countPadding: false }),
        'gelu.out': ops.gelu(tokens),
        'silu.out': ops.silu(tokens),
        'sigmoid.out': ops.sigmoid(tokens),
        'gate.out': ops.gate(x, gate),
        'norm.out': ops.layerNorm(tokens, p.get('norm.weight'), p.get('norm.bias'), 1e-5),
        'linear.out': ops.linear(tokens, p.get('linear.weight'), p.get('linear.bias')),
        'eca.out': ops.channelConv(mean, p.get('eca.weight')),
      };
    },
  };
}
