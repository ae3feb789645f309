// A process that loses its software WebGPU device, or has it refuse a command (argument: destroy | refuse),
// and starts again.
import * as tf from '@tensorflow/tfjs-core';
import { toPlainError } from '../../src/errors.ts';
import { print, start } from './harness-findings.ts';

const SIDE = 64;
const product = () => tf.tidy(() => tf.matMul(tf.ones([SIDE, SIDE]), tf.ones([SIDE, SIDE])));

const harness = await start('webgpu');
const { device } = tf.backend() as unknown as { readonly device: GPUDevice };
if (process.argv[2] === 'destroy') device.destroy();
else device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
const work: Promise<unknown> =
  process.argv[2] === 'destroy' ? product().data() : new Promise(() => {});
const failed = await harness.guard(work).then(
  () => null,
  (thrown: unknown) => toPlainError(thrown),
);
print({ kind: 'loss', error: failed, lost: harness.lost.aborted });
await harness.dispose();
await harness.dispose();
if ('gpu' in navigator) throw new Error('navigator.gpu was left behind');

const again = await start('webgpu');
const values = await again.guard(product().data());
print({ kind: 'again', right: values.every((value) => value === SIDE) });
await again.dispose();
