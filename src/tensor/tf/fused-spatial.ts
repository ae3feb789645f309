// Pooling and grouped convolutions as single kernels where the backend has them (src/tensor/wasm).
import * as tf from '@tensorflow/tfjs-core';
import { FUSED } from './kernel-names.ts';
import { fuse, has, output } from './runner.ts';

/** A window's side, its step, and the padding before the map. */
type Window = Record<'kernel' | 'stride' | 'top' | 'left', number>;

/** Null where the backend has no such kernel. */
export function fusedMaxPool(
  x: tf.Tensor4D,
  rows: number,
  columns: number,
  window: Window,
): tf.Tensor | null {
  if (!has(FUSED.maxPool)) return null;
  const [n, , , c] = x.shape;
  const attrs = { ...window, outShape: [n, rows, columns, c] };
  return fuse([x], (given) => {
    const value = output(FUSED.maxPool, { x: given! }, attrs);
    return {
      value,
      keep: [given!, value],
      slopes: (dy, [map, y]) => output(FUSED.maxPoolGradient, { x: map!, y: y!, dy }, attrs),
    };
  });
}

/** x [n, h, w, c] by a filter [kh, kw, c / groups, k]: each group of outputs sees its group of inputs. */
export function groupedConv(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  strides: number,
  pad: tf.backend_util.ExplicitPadding,
  groups: number,
): tf.Tensor {
  if (!has(FUSED.groupedConv)) {
    const maps = tf.split<tf.Tensor4D>(x, groups, 3);
    const kernels = tf.split<tf.Tensor4D>(filter, groups, 3);
    const parts = maps.map((map, i) => tf.conv2d(map, kernels[i]!, strides, pad) as tf.Tensor);
    return tf.concat(parts, 3);
  }
  const attrs = { strides, pad, dataFormat: 'NHWC', dimRoundingMode: 'floor', groups };
  const shapes = { inputShape: x.shape, filterShape: filter.shape };
  return fuse([x, filter], (map, kernel) => ({
    value: output(FUSED.groupedConv, { x: map!, filter: kernel! }, attrs),
    keep: [map!, kernel!],
    slopes: (dy, kept) => {
      const all = { ...attrs, ...shapes };
      return [
        output(FUSED.groupedConvInput, { dy, filter: kept[1]! }, all),
        output(FUSED.groupedConvFilter, { x: kept[0]!, dy }, all),
      ];
    },
  }));
}
