// Every network by its name in the registry: its sizes, its parameters, and how it is run.
import { CairnError } from '../errors.ts';
import type { Ops, Params } from '../tensor/ops.ts';
import { ARCHS, type Arch } from '../weights/registry.ts';
import {
  efficientNetLite,
  efficientNetLiteParameters,
  efficientNetLiteStride,
} from './efficientnet-lite.ts';
import { NFNET_STRIDE, nfNet, nfNetParameters } from './nfnet.ts';
import type { Parameter } from './parameter-list.ts';
import { seResNet, seResNetChannels, seResNetParameters } from './se-resnet.ts';
import { EFFICIENTNET_LITE, specNamed } from './specs.ts';
import { NFNET } from './specs-nfnet.ts';
import { SE_RESNET } from './specs-se-resnet.ts';
import { SWIN } from './specs-swin.ts';
import { swin, swinChannels, swinParameters, swinStride } from './swin.ts';

export { ARCHS, type Arch };

/** Maps of one picture of H × W, from shallow to deep; what encoders pool. */
export interface NetworkMaps<T> {
  /** The last map of each stage: [N, C, H / s, W / s]. */
  readonly stages: readonly T[];
  /** The last stage's map as the last block leaves it. */
  readonly last: T;
  /** The network's final map, after its last convolution, norm or activation. */
  readonly head: T;
}

/** For each colour channel: red, green, blue. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** The statistics of ImageNet's photos, as PyTorch's networks have them. */
const IMAGENET: Normalisation = {
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
};

/** To about −1..1, as TensorFlow's networks have it. */
const SYMMETRIC: Normalisation = { mean: [127, 127, 127], std: [128, 128, 128] };

/** A network of one size. */
export interface Network {
  /** The picture's sides are multiples of this. */
  readonly multiple: number;
  /** By how much the deepest map is smaller than the picture. */
  readonly stride: number;
  /** Whether its ONNX graph is recorded for one input size: H and W of the input must be numbers. */
  readonly fixedSize: boolean;
  /** What pictures are normalised by, unless weights were trained otherwise: (x − mean) / std on 0..255. */
  readonly normalisation: Normalisation;
  /** Channels of the `head` map. */
  readonly channels: number;
  /** Names as in the published checkpoints, without the classifier. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  maps<T>(ops: Ops<T>, p: Params<T>, image: T): NetworkMaps<T>;
}

interface Family {
  readonly specs: readonly string[];
  of(spec: string): Network;
}

function family<S>(table: Readonly<Record<string, S>>, of: (spec: S) => Network): Family {
  return { specs: Object.keys(table), of: (name) => of(specNamed(table, name)) };
}

/** ResNet's five halvings. */
const DEEPEST_STRIDE = 32;

const FAMILIES = {
  'efficientnet-lite': family(EFFICIENTNET_LITE, (spec) => ({
    multiple: efficientNetLiteStride(spec),
    stride: efficientNetLiteStride(spec),
    fixedSize: false,
    normalisation: SYMMETRIC,
    channels: spec.head,
    parameters: efficientNetLiteParameters(spec),
    maps: (ops, p, image) => efficientNetLite(ops, p, image, spec),
  })),
  'se-resnet': family(SE_RESNET, (spec) => ({
    multiple: DEEPEST_STRIDE,
    stride: DEEPEST_STRIDE,
    fixedSize: false,
    normalisation: IMAGENET,
    channels: seResNetChannels(spec),
    parameters: seResNetParameters(spec),
    maps: (ops, p, image) => seResNet(ops, p, image, spec),
  })),
  nfnet: family(NFNET, (spec) => ({
    multiple: NFNET_STRIDE,
    stride: NFNET_STRIDE,
    fixedSize: false,
    normalisation: IMAGENET,
    channels: spec.head,
    parameters: nfNetParameters(spec),
    maps: (ops, p, image) => nfNet(ops, p, image, spec),
  })),
  swin: family(SWIN, (spec) => ({
    multiple: spec.patch,
    stride: swinStride(spec),
    fixedSize: true,
    normalisation: IMAGENET,
    channels: swinChannels(spec),
    parameters: swinParameters(spec),
    maps: (ops, p, image) => swin(ops, p, image, spec),
  })),
} as const satisfies Readonly<Record<Arch, Family>>;

function familyOf(arch: string): Family {
  if (!Object.hasOwn(FAMILIES, arch)) {
    throw new CairnError(
      'model-invalid',
      `There is no network "${arch}".`,
      `Use one of: ${ARCHS.join(', ')}.`,
    );
  }
  return FAMILIES[arch as Arch];
}

/** The sizes that a network comes in. Throws `model-invalid` for an unknown network. */
export function specsOf(arch: string): readonly string[] {
  return familyOf(arch).specs;
}

/** Throws `model-invalid` naming those that exist, for an unknown network or size. */
export function network(arch: string, spec: string): Network {
  return familyOf(arch).of(spec);
}
