// How TfOps runs kernels of our own, where the current backend has them, with gradients of our own.
import * as tf from '@tensorflow/tfjs-core';

type Named = Record<string, tf.Tensor>;

export function has(kernel: string): boolean {
  return tf.getKernel(kernel, tf.getBackend()) !== undefined;
}

export function outputs(kernel: string, inputs: Named, attrs: tf.NamedAttrMap = {}): tf.Tensor[] {
  return [tf.engine().runKernel(kernel, inputs, attrs)].flat();
}

export function output(kernel: string, inputs: Named, attrs: tf.NamedAttrMap = {}): tf.Tensor {
  return outputs(kernel, inputs, attrs)[0]!;
}

/** What a fused operation keeps for its gradient, and that gradient, one for each input. */
interface Fused {
  readonly value: tf.Tensor;
  readonly keep: readonly tf.Tensor[];
  readonly slopes: (dy: tf.Tensor, kept: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
}

export function fuse(
  inputs: readonly tf.Tensor[],
  run: (...inputs: tf.Tensor[]) => Fused,
): tf.Tensor {
  const op = tf.customGrad((...given) => {
    const save = given.pop() as tf.GradSaveFunc;
    const { value, keep, slopes } = run(...(given as tf.Tensor[]));
    save([...keep]);
    return { value, gradFunc: slopes };
  });
  return op(...inputs);
}
