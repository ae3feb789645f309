// Every network by its name in the registry: its sizes, its parameters, and how it is run.
import { CairnError } from '../errors.ts';
import type { Ops, Params } from '../tensor/ops.ts';
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

/** Maps of one picture of H × W, from shallow to deep; what encoders pool. */
export interface NetworkMaps<T> {
  /** The last map of each stage: [N, C, H / s, W / s]. */
  readonly stages: readonly T[];
  /** The last stage's map as the last block leaves it. */
  readonly last: T;
  /** The network's final map, after its last convolution, norm or activation. */
  readonly head: T;
}

/** A network of one size. */
export interface Network {
  /** The picture's sides are multiples of this. */
  readonly multiple: number;
  /** By how much the deepest map is smaller than the picture. */
  readonly stride: number;
  /** Whether its ONNX graph is recorded for one input size: H and W of the input must be numbers. */
  readonly fixedSize: boolean;
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
    channels: spec.head,
    parameters: efficientNetLiteParameters(spec),
    maps: (ops, p, image) => efficientNetLite(ops, p, image, spec),
  })),
  'se-resnet': family(SE_RESNET, (spec) => ({
    multiple: DEEPEST_STRIDE,
    stride: DEEPEST_STRIDE,
    fixedSize: false,
    channels: seResNetChannels(spec),
    parameters: seResNetParameters(spec),
    maps: (ops, p, image) => seResNet(ops, p, image, spec),
  })),
  nfnet: family(NFNET, (spec) => ({
    multiple: NFNET_STRIDE,
    stride: NFNET_STRIDE,
    fixedSize: false,
    channels: spec.head,
    parameters: nfNetParameters(spec),
    maps: (ops, p, image) => nfNet(ops, p, image, spec),
  })),
  swin: family(SWIN, (spec) => ({
    multiple: spec.patch,
    stride: swinStride(spec),
    fixedSize: true,
    channels: swinChannels(spec),
    parameters: swinParameters(spec),
    maps: (ops, p, image) => swin(ops, p, image, spec),
  })),
} as const satisfies Readonly<Record<string, Family>>;

export type Arch = keyof typeof FAMILIES;
export const ARCHS = Object.keys(FAMILIES) as readonly Arch[];

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
