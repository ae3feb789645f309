// The parity cases, for Node and the browser alike: what PyTorch computed, and how to compute the same
// with tfjs on its current backend and with onnxruntime-web. No Node imports here.
import * as tf from '@tensorflow/tfjs-core';
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { type DescriptorSpec, describe, embed } from '../../src/nets/encoder.ts';
import { network } from '../../src/nets/networks.ts';
import { OnnxOps, type OnnxOptions } from '../../src/tensor/onnx-ops.ts';
import type { Ops, Params } from '../../src/tensor/ops.ts';
import { loadTfParams, mapFromNchw, TfOps, toPyTorchOrder } from '../../src/tensor/tf-ops.ts';
import { readSafetensors, type Weights } from '../../src/weights/safetensors.ts';
import { loftrCases } from './loftr-cases.ts';
import { backboneOperations, operations, valuesOf } from './operations.ts';

/** fp32 features of O(1) may differ by this much from PyTorch's. */
export const TOLERANCE = 1e-3;

/** Row-major in PyTorch's order. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface ParityCase {
  readonly name: string;
  readonly weights: Weights;
  readonly inputs: ReadonlyMap<string, Values>;
  readonly expected: ReadonlyMap<string, Values>;
  /** The ONNX graph is recorded for the inputs' own sizes; else the batch and the sides of maps are free. */
  readonly fixedSize?: boolean;
  /** Axes of all inputs that are free in the graph, where it is neither all sizes nor just the batch. */
  readonly freeAxes?: readonly number[];
  build<T>(ops: Ops<T>, p: Params<T>, inputs: ReadonlyMap<string, T>): Record<string, T>;
}

/** Bytes of the files that {@link parityCases} needs, by their paths from the repository's root. */
export const FIXTURES = {
  tiny: 'tests/fixtures/parity/tiny.safetensors',
  lite0: 'tests/fixtures/parity/lite0.safetensors',
  ops: 'tests/fixtures/parity/ops.safetensors',
  seresnet: 'tests/fixtures/parity/seresnet.safetensors',
  backboneOps: 'tests/fixtures/parity/backbone-ops.safetensors',
  nfnet: 'tests/fixtures/parity/nfnet.safetensors',
  nfnetEca: 'tests/fixtures/parity/nfnet-eca.safetensors',
  swin: 'tests/fixtures/parity/swin.safetensors',
  loftr: 'tests/fixtures/loftr/tiny.safetensors',
  loftrOps: 'tests/fixtures/loftr/ops.safetensors',
  lite0Weights: 'models/efficientnet-lite0.safetensors',
} as const;
export type FixtureBytes = Readonly<Record<keyof typeof FIXTURES, Uint8Array>>;

const VIEWS = ['view0', 'view1'];
const GOLDEN = 'golden.';

export function tinySpec(): DescriptorSpec {
  return { arch: 'efficientnet-lite', spec: 'tiny', pooling: { kind: 'gem', p: 3 } };
}

export function parityCases(bytes: FixtureBytes): ParityCase[] {
  const tiny = readSafetensors(bytes.tiny);
  const lite0 = readSafetensors(bytes.lite0);
  const backbone = (name: string, arch: string, spec: string, file: Uint8Array) => {
    const golden = readSafetensors(file);
    const weights = new Map([...golden].filter(([path]) => !path.startsWith(GOLDEN)));
    return mapsCase(name, arch, spec, weights, golden);
  };
  const lite = 'efficientnet-lite';
  return [
    mapsCase('tiny network, random weights', lite, 'tiny', tiny, tiny),
    encoder('tiny encoder with whitening, two views', tinySpec(), tiny, tiny),
    mapsCase('Lite0 on a drawn picture', lite, 'lite0', readSafetensors(bytes.lite0Weights), lite0),
    encoder(
      'Lite0 descriptor, two views',
      { ...tinySpec(), spec: 'lite0' },
      readSafetensors(bytes.lite0Weights),
      lite0,
    ),
    operations(readSafetensors(bytes.ops)),
    backboneOperations(readSafetensors(bytes.backboneOps)),
    backbone('SE-ResNet in little', 'se-resnet', 'tiny', bytes.seresnet),
    backbone('NFNet-F in little', 'nfnet', 'tiny', bytes.nfnet),
    backbone('ECA-NFNet in little', 'nfnet', 'tiny_eca', bytes.nfnetEca),
    backbone('Swin in little', 'swin', 'tiny', bytes.swin),
    ...loftrCases(readSafetensors(bytes.loftr), readSafetensors(bytes.loftrOps)),
  ];
}

/** The views as the network takes them: stored so, or as the pixels of a picture. */
function goldenViews(golden: Weights): Map<string, Values> {
  return new Map(
    VIEWS.map((view) => {
      const pixels = golden.get(`${GOLDEN}${view}.pixels`);
      const values = pixels && Float32Array.from(pixels.data, (pixel) => (pixel - 127) / 128);
      const stored = values
        ? { shape: pixels.shape, values }
        : valuesOf(golden, `${GOLDEN}${view}`);
      if (!stored) throw new Error(`The golden file has no ${view}.`);
      return [view, stored];
    }),
  );
}

function goldenOutputs(golden: Weights, wanted: (name: string) => boolean): Map<string, Values> {
  const outputs = new Map<string, Values>();
  for (const path of golden.keys()) {
    const name = path.slice(GOLDEN.length);
    if (path.startsWith(GOLDEN) && wanted(name)) outputs.set(name, valuesOf(golden, path)!);
  }
  return outputs;
}

/** A network's maps of two pictures, `golden.view0` and `golden.view1`, against those in `golden`. */
export function mapsCase(
  name: string,
  arch: string,
  spec: string,
  weights: Weights,
  golden: Weights,
): ParityCase {
  const net = network(arch, spec);
  const expected = goldenOutputs(golden, (output) => /^view\d\.(stage\d|last|head)$/.test(output));
  return {
    name,
    weights,
    inputs: goldenViews(golden),
    expected,
    fixedSize: net.fixedSize,
    build(ops, p, inputs) {
      const outputs: [string, ReturnType<typeof ops.relu>][] = [];
      for (const [view, image] of inputs) {
        const found = net.maps(ops, p, image);
        found.stages.forEach((map, i) => {
          outputs.push([`${view}.stage${i}`, map]);
        });
        outputs.push([`${view}.last`, found.last], [`${view}.head`, found.head]);
      }
      return Object.fromEntries(outputs.filter(([output]) => expected.has(output)));
    },
  };
}

function encoder(
  name: string,
  spec: DescriptorSpec,
  weights: Weights,
  golden: Weights,
): ParityCase {
  const expected = goldenOutputs(golden, (output) => /^(descriptor|embedding)$/.test(output));
  return {
    name,
    weights,
    inputs: goldenViews(golden),
    expected,
    build(ops, p, inputs) {
      const views = [...inputs.values()];
      const descriptor = describe(ops, p, views, spec);
      return expected.has('embedding')
        ? { descriptor, embedding: embed(ops, p, views, spec) }
        : { descriptor };
    },
  };
}

/** Computes a case with TfOps on the current tfjs backend; leaves no tensor behind. */
export async function runTf(test: ParityCase): Promise<Map<string, Values>> {
  const params = loadTfParams(test.weights, test.name);
  const outputs = tf.tidy(() => {
    const inputs = new Map<string, tf.Tensor>();
    for (const [name, { shape, values }] of test.inputs) {
      const given = shape.length === 4 ? mapFromNchw(values, shape) : tf.tensor(values, [...shape]);
      inputs.set(name, given);
    }
    const built = test.build(new TfOps(), params, inputs);
    return Object.fromEntries(Object.entries(built).map(([k, x]) => [k, toPyTorchOrder(x)]));
  });
  const results = new Map<string, Values>();
  for (const [name, x] of Object.entries(outputs)) {
    results.set(name, { shape: x.shape, values: Float32Array.from(await x.data()) });
  }
  tf.dispose(outputs);
  params.dispose();
  return results;
}

/** The case as an ONNX file. */
export function emitCase(test: ParityCase, options: OnnxOptions = {}): Uint8Array<ArrayBuffer> {
  const ops = new OnnxOps(options);
  const inputs = new Map(
    [...test.inputs].map(([name, { shape }]) => {
      // The batch is always free.
      const known = (axis: number) =>
        test.freeAxes
          ? !test.freeAxes.includes(axis)
          : axis === 1 || (test.fixedSize === true && axis > 0);
      const dims = shape.map((side, axis) => (known(axis) ? side : `${name}.${axis}`));
      return [name, ops.input(name, dims)];
    }),
  );
  const outputs = test.build(ops, ops.params(test.weights, test.name), inputs);
  return ops.encode(test.name, outputs);
}

/** What is needed of any build of onnxruntime-web: `onnxruntime-web`, `/wasm` or `/webgpu`. */
export interface Ort {
  readonly InferenceSession: { create: typeof InferenceSession.create };
  readonly Tensor: typeof Tensor;
}

/** Runs an ONNX file on named inputs. */
export async function runOnnx(
  ort: Ort,
  model: Uint8Array,
  inputs: ReadonlyMap<string, Values>,
  session: InferenceSession.SessionOptions = {},
): Promise<Map<string, Values>> {
  const running = await ort.InferenceSession.create(model, session);
  const feeds: Record<string, Tensor> = {};
  for (const [name, { shape, values }] of inputs) {
    feeds[name] = new ort.Tensor('float32', values, shape);
  }
  const outputs = await running.run(feeds);
  const results = new Map<string, Values>();
  for (const [name, tensor] of Object.entries(outputs)) {
    results.set(name, {
      shape: tensor.dims,
      values: Float32Array.from((await tensor.getData()) as Float32Array),
    });
  }
  await running.release();
  return results;
}

/** Computes a case with OnnxOps in onnxruntime-web. */
export function runOrt(
  ort: Ort,
  test: ParityCase,
  session: InferenceSession.SessionOptions = {},
  options: OnnxOptions = {},
): Promise<Map<string, Values>> {
  return runOnnx(ort, emitCase(test, options), test.inputs, session);
}

/** Largest absolute difference by output; infinite where one is missing, misshapen or not finite. */
export function differences(
  expected: ReadonlyMap<string, Values>,
  actual: ReadonlyMap<string, Values>,
): Map<string, number> {
  const result = new Map<string, number>();
  for (const [name, golden] of expected) {
    const found = actual.get(name);
    const sameShape = found && golden.shape.join() === found.shape.join();
    let worst = sameShape ? 0 : Number.POSITIVE_INFINITY;
    for (let i = 0; sameShape && i < golden.values.length; i++) {
      const difference = Math.abs(golden.values[i]! - found.values[i]!);
      worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
    }
    result.set(name, worst);
  }
  return result;
}
