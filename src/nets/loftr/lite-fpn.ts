// LoFTR's features by the first stages of an EfficientNet-Lite, which know photos already, down to 1/16, and
// a pyramid up to 1/2 that is learned. A published checkpoint lends its stages: `liteStages` fits them in.
import type { Ops, Params } from '../../tensor/ops.ts';
import { fromFloat32, toFloat32, type Weights } from '../../weights/safetensors.ts';
import { efficientNetLiteStages, stageParameters } from '../efficientnet-lite.ts';
import type { ParameterList } from '../parameter-list.ts';
import { EFFICIENTNET_LITE, type EfficientNetLiteSpec, specNamed } from '../specs.ts';
import { type LoftrMaps, merge, mergeParameters } from './pyramid.ts';
import type { LoftrSpec } from './specs.ts';

/** The stages' place among the parameters. */
export const STAGES_SCOPE = 'stages';
const DEEPEST = 16;
/** The levels of the pyramid: how much smaller than the picture each map is. */
const LEVELS = [2, 4, 8, DEEPEST] as const;

/** As EfficientNet-Lite was trained: (level − 127) / 128 for levels of 0..255. */
const [MEAN, DEVIATION] = [127 / 255, 128 / 255];

/** The lent stages' maps of the pyramid's levels, [N, C, H/s, W/s] for s = 2, 4, 8, 16. */
export type LiteMaps<T> = readonly [half: T, quarter: T, eighth: T, sixteenth: T];

/** What the stages make of `image`, [N, 1, H, W], grey in 0..1; H and W are multiples of 16. */
export function liteMaps<T>(ops: Ops<T>, p: Params<T>, image: T, size: string): LiteMaps<T> {
  const spec = firstStages(size);
  const maps = ops.scope(STAGES_SCOPE, () => {
    const normal = ops.mul(ops.sub(image, MEAN), 1 / DEVIATION);
    // Padding at the beginning, so that cell (x, y) of the map at 1/8 stands at pixel (8x, 8y).
    return efficientNetLiteStages(ops, p.scope(STAGES_SCOPE), normal, spec, 'begin');
  });
  const [half, quarter, eighth, sixteenth] = levelsOf(spec).map(({ stage }) => maps[stage]!) as [
    T,
    T,
    T,
    T,
  ];
  return [half, quarter, eighth, sixteenth];
}

/** The pyramid over the stages' maps. */
export function liteFpn<T>(
  ops: Ops<T>,
  p: Params<T>,
  [half, quarter, eighth, sixteenth]: LiteMaps<T>,
  { batchNormEps: eps }: LoftrSpec,
): LoftrMaps<T> {
  const coarse = merge(ops, p, 'layer3', eighth, sixteenth, eps);
  const middle = merge(ops, p, 'layer2', quarter, coarse, eps);
  return { coarse, fine: merge(ops, p, 'layer1', half, middle, eps) };
}

/** What {@link liteMaps} and {@link liteFpn} read. */
export function liteFpnParameters(
  list: ParameterList,
  prefix: string,
  { channels: [fine, middle, coarse] }: LoftrSpec,
  size: string,
): void {
  const spec = firstStages(size);
  stageParameters(list, `${prefix}.${STAGES_SCOPE}.`, 1, spec);
  const [half, quarter, eighth, below] = levelsOf(spec).map(({ channels }) => channels) as [
    number,
    number,
    number,
    number,
  ];
  mergeParameters(list, `${prefix}.layer3`, { map: eighth, below, out: coarse });
  mergeParameters(list, `${prefix}.layer2`, { map: quarter, below: coarse, out: middle });
  mergeParameters(list, `${prefix}.layer1`, { map: half, below: middle, out: fine });
}

/** Without the stages that shrink the picture further. */
function firstStages(size: string): EfficientNetLiteSpec {
  const spec = specNamed(EFFICIENTNET_LITE, size);
  let stride = 2;
  const deeper = spec.stages.findIndex((stage) => {
    stride *= stage.stride;
    return stride > DEEPEST;
  });
  return deeper < 0 ? spec : { ...spec, stages: spec.stages.slice(0, deeper) };
}

/** Of each level the deepest stage, and its channels. */
function levelsOf({ stages }: EfficientNetLiteSpec): { stage: number; channels: number }[] {
  let stride = 2;
  const strides = stages.map((stage) => {
    stride *= stage.stride;
    return stride;
  });
  return LEVELS.map((level) => {
    const stage = strides.lastIndexOf(level);
    return { stage, channels: stages[stage]!.channels };
  });
}

/**
 * The stages of an EfficientNet-Lite's weights under the names of {@link liteFpnParameters}, for grey
 * pictures: the first convolution's three colours are summed up, as if each were the grey one. What
 * belongs to other stages is left out. Throws `model-invalid` for a size that does not exist.
 */
export function liteStages(weights: Weights, prefix: string, size: string): Weights {
  const blocks = firstStages(size).stages.reduce((sum, { repeats }) => sum + repeats, 0);
  const lent = new Map<string, ReturnType<typeof fromFloat32>>();
  for (const [name, tensor] of weights) {
    const block = /^_blocks\.(\d+)\./.exec(name);
    if (block ? Number(block[1]) >= blocks : !/^_(conv_stem|bn0)\./.test(name)) continue;
    const values = toFloat32(tensor);
    const own = `${prefix}.${STAGES_SCOPE}.${name}`;
    if (!name.startsWith('_conv_stem.')) lent.set(own, fromFloat32(values, tensor.shape));
    else lent.set(own, greyConvolution(values, tensor.shape));
  }
  return lent;
}

/** [out, in, k, k] → [out, 1, k, k]: the sum over the inputs. */
function greyConvolution(values: Float32Array, shape: readonly number[]) {
  const [out = 0, input = 0, ...kernel] = shape;
  const area = kernel.reduce((product, side) => product * side, 1);
  const sums = new Float32Array(out * area);
  for (let i = 0; i < values.length; i++) {
    sums[Math.floor(i / (input * area)) * area + (i % area)]! += values[i]!;
  }
  return fromFloat32(sums, [out, 1, ...kernel]);
}
