// From the names of published checkpoints to those of our networks, and what of a checkpoint fits one.
// Ours are timm's names (pytorch-image-models 1.0) and those of matchers' authors, so that most of a map is what it leaves out.
import { CairnError } from '../errors.ts';
import { float32ToHalf } from './half.ts';
import type { Arch, MatcherArch } from './registry.ts';
import { fromFloat32, toFloat32, type Weights, type WeightTensor } from './safetensors.ts';

interface NameMap {
  /** What no embedding needs: classifiers, and buffers that our networks compute. */
  readonly dropped: readonly RegExp[];
  /** Gives the name of ours; `names` are all of the checkpoint, to tell its edition by. */
  readonly rename?: (name: string, names: ReadonlySet<string>) => string;
}

const COUNTER = /\.num_batches_tracked$/;

const NAME_MAPS: Readonly<Record<Arch | MatcherArch, NameMap>> = {
  'efficientnet-lite': { dropped: [COUNTER, /^_fc\./] },
  swin: {
    dropped: [
      /^head\./,
      // Microsoft's files and older timm store what follows from the sizes alone.
      /\.relative_position_index$/,
      /\.attn_mask$/,
    ],
    rename: swinName,
  },
  'se-resnet': { dropped: [COUNTER, /^fc\./] },
  nfnet: { dropped: [/^head\.fc\./] },
  loftr: {
    // A table of positions, which editions between the authors' and kornia's store.
    dropped: [COUNTER, /(^|\.)pos_encoding\.pe$/],
    // The authors save what they train, of which the network is a part.
    rename: (name) => name.replace(/^matcher\./, ''),
  },
  superpoint: { dropped: [] },
  superglue: { dropped: [COUNTER] },
};

/**
 * Microsoft's checkpoints end a stage with its downsampling, timm since 0.9 begins the next one with it
 * (timm/models/swin_transformer.py, checkpoint_filter_fn). There, only the first stage has none.
 */
function swinName(name: string, names: ReadonlySet<string>): string {
  if (!names.has('layers.0.downsample.reduction.weight')) return name;
  return name.replace(
    /^layers\.(\d+)\.downsample\./,
    (_, stage: string) => `layers.${Number(stage) + 1}.downsample.`,
  );
}

export interface RenamedCheckpoint {
  /** By our names, in the checkpoint's order. */
  readonly weights: Weights;
  /** Names of the checkpoint that no embedding needs. */
  readonly dropped: readonly string[];
}

/** A checkpoint by our names. Throws `model-invalid` when two of its names become one. */
export function renameCheckpoint(arch: Arch | MatcherArch, checkpoint: Weights): RenamedCheckpoint {
  const { dropped: patterns, rename = (name: string) => name } = NAME_MAPS[arch];
  const names = new Set(checkpoint.keys());
  const weights = new Map<string, WeightTensor>();
  const dropped: string[] = [];
  for (const [name, tensor] of checkpoint) {
    if (patterns.some((pattern) => pattern.test(name))) {
      dropped.push(name);
      continue;
    }
    const ours = rename(name, names);
    if (weights.has(ours)) {
      throw new CairnError(
        'model-invalid',
        `The checkpoint has two tensors for "${ours}".`,
        'Save the state dict of one network alone.',
      );
    }
    weights.set(ours, tensor);
  }
  return { weights, dropped };
}

/** A tensor that is there, but of another shape than the network's. */
export interface Misshapen {
  readonly name: string;
  readonly shape: readonly number[];
  readonly expected: readonly number[];
}

export interface Match {
  /** The tensors that fit, in the network's order. */
  readonly weights: Weights;
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly misshapen: readonly Misshapen[];
}

/** @param shapes the network's parameters by name */
export function matchParameters(
  checkpoint: Weights,
  shapes: ReadonlyMap<string, readonly number[]>,
): Match {
  const weights = new Map<string, WeightTensor>();
  const missing: string[] = [];
  const misshapen: Misshapen[] = [];
  for (const [name, expected] of shapes) {
    const tensor = checkpoint.get(name);
    if (!tensor) missing.push(name);
    else if (sameShape(tensor.shape, expected)) weights.set(name, tensor);
    else misshapen.push({ name, shape: tensor.shape, expected });
  }
  const unexpected = [...checkpoint.keys()].filter((name) => !shapes.has(name));
  return { weights, missing, unexpected, misshapen };
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

/**
 * Weights in one precision. In float16 the vectors stay float32: biases, gains and batch norms weigh
 * nothing, and rounding the norms doubles the error of the whole.
 * Throws `model-invalid` for numbers that are too large for float16, and for integers.
 */
export function inPrecision(weights: Weights, precision: 'float32' | 'float16'): Weights {
  return new Map(
    [...weights].map(([name, tensor]) => {
      const values = toFloat32(tensor, name);
      const half = precision === 'float16' && tensor.shape.filter((side) => side > 1).length > 1;
      return [name, half ? toHalf(name, values, tensor.shape) : fromFloat32(values, tensor.shape)];
    }),
  );
}

/** The largest finite half. */
const MAX_HALF = 65504;

function toHalf(name: string, values: Float32Array, shape: readonly number[]): WeightTensor {
  if (values.some((value) => Math.abs(value) > MAX_HALF)) {
    throw new CairnError(
      'model-invalid',
      `"${name}" holds numbers that are too large for half precision.`,
      'Import the weights without --fp16.',
    );
  }
  return { dtype: 'F16', shape, data: new Uint8Array(float32ToHalf(values).buffer) };
}
