// Sizes of the networks: named presets, so that no loose number stands in a network's code.
import { CairnError } from '../errors.ts';

/** A run of inverted-residual blocks; the first may halve the map and change the width. */
export interface EfficientNetLiteStage {
  readonly kernel: 3 | 5;
  readonly stride: 1 | 2;
  /** Width inside a block, relative to its input. */
  readonly expand: number;
  readonly repeats: number;
  readonly channels: number;
}

export interface EfficientNetLiteSpec {
  readonly stem: number;
  readonly stages: readonly EfficientNetLiteStage[];
  readonly head: number;
  readonly batchNormEps: number;
}

/** TensorFlow's batch-norm constant, with which the published weights were trained. */
const TF_BATCH_NORM_EPS = 1e-3;

/** Lite0; the larger ones scale it in width and depth. */
const LITE0_STAGES: readonly EfficientNetLiteStage[] = [
  { kernel: 3, stride: 1, expand: 1, repeats: 1, channels: 16 },
  { kernel: 3, stride: 2, expand: 6, repeats: 2, channels: 24 },
  { kernel: 5, stride: 2, expand: 6, repeats: 2, channels: 40 },
  { kernel: 3, stride: 2, expand: 6, repeats: 3, channels: 80 },
  { kernel: 5, stride: 1, expand: 6, repeats: 3, channels: 112 },
  { kernel: 5, stride: 2, expand: 6, repeats: 4, channels: 192 },
  { kernel: 3, stride: 1, expand: 6, repeats: 1, channels: 320 },
];

/** Widths are multiples of this, and never lose more than a tenth by rounding. */
const WIDTH_DIVISOR = 8;

function scaleWidth(channels: number, width: number): number {
  const scaled = channels * width;
  const rounded = Math.floor((scaled + WIDTH_DIVISOR / 2) / WIDTH_DIVISOR) * WIDTH_DIVISOR;
  const kept = Math.max(WIDTH_DIVISOR, rounded);
  return kept < 0.9 * scaled ? kept + WIDTH_DIVISOR : kept;
}

/** The "lite" family keeps stem and head, and the depth of the first and the last stage. */
function scaledLite(width: number, depth: number): EfficientNetLiteSpec {
  const stages = LITE0_STAGES.map((stage, i) => ({
    ...stage,
    channels: scaleWidth(stage.channels, width),
    repeats:
      i === 0 || i === LITE0_STAGES.length - 1 ? stage.repeats : Math.ceil(stage.repeats * depth),
  }));
  return { stem: 32, stages, head: 1280, batchNormEps: TF_BATCH_NORM_EPS };
}

/**
 * EfficientNet-Lite by name. Widths and depths as in tensorflow/tpu, models/official/efficientnet/lite.
 * `tiny` has every kind of block in little room, for tests.
 */
export const EFFICIENTNET_LITE: Readonly<Record<string, EfficientNetLiteSpec>> = {
  lite0: scaledLite(1.0, 1.0),
  lite1: scaledLite(1.0, 1.1),
  lite2: scaledLite(1.1, 1.2),
  lite3: scaledLite(1.2, 1.4),
  lite4: scaledLite(1.4, 1.8),
  tiny: {
    stem: 16,
    stages: [
      { kernel: 3, stride: 1, expand: 1, repeats: 1, channels: 8 },
      { kernel: 3, stride: 2, expand: 6, repeats: 2, channels: 8 },
      { kernel: 5, stride: 2, expand: 6, repeats: 2, channels: 16 },
      { kernel: 3, stride: 2, expand: 6, repeats: 1, channels: 16 },
      { kernel: 5, stride: 2, expand: 6, repeats: 2, channels: 24 },
      { kernel: 3, stride: 1, expand: 6, repeats: 1, channels: 32 },
    ],
    head: 64,
    batchNormEps: TF_BATCH_NORM_EPS,
  },
};

/** The row of a table of specs. Throws `model-invalid` naming those that exist. */
export function specNamed<S>(table: Readonly<Record<string, S>>, name: string): S {
  const spec = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!spec) {
    throw new CairnError(
      'model-invalid',
      `There is no network of the size "${name}".`,
      `Use one of: ${Object.keys(table).join(', ')}.`,
    );
  }
  return spec;
}
