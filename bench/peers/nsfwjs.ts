// NSFWJS as an embedder of photos: MobileNetV2 with its weights in the package, by tfjs on WASM.
import type { PixelGrid } from '../../src/imaging/decode.ts';
import { peerFile, requirePeer } from './install.ts';

interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface Tfjs {
  tensor3d(data: Uint8Array | Int32Array, shape: readonly number[], dtype: 'int32'): Tensor;
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
}

interface Nsfwjs {
  load(name: string, options: { modelDefinitions: readonly unknown[] }): Promise<NsfwModel>;
}

interface NsfwModel {
  infer(image: Tensor, endpoint?: string): Tensor;
}

export interface PeerEmbedder {
  /** Not normalised. */
  embed(photo: Pick<PixelGrid, 'width' | 'height' | 'channels' | 'data'>): Promise<Float32Array>;
}

/** The mean over the last map, flat: what comes before the layers that classify. */
const ENDPOINT = 'flatten_1';

/** Node has no threads for tfjs's WASM: one thread, with SIMD. */
export async function openNsfwjs(): Promise<PeerEmbedder> {
  const tf = requirePeer<Tfjs>('@tensorflow/tfjs');
  const wasm = requirePeer<{ setWasmPaths(folder: string): void }>('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${peerFile('@tensorflow/tfjs-backend-wasm/dist')}/`);
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs has no WASM here.');
  await tf.ready();
  const { load } = requirePeer<Nsfwjs>('nsfwjs/core');
  const { MobileNetV2Model } = requirePeer<{ MobileNetV2Model: unknown }>(
    'nsfwjs/models/mobilenet_v2',
  );
  const model = await load('MobileNetV2', { modelDefinitions: [MobileNetV2Model] });
  return {
    async embed({ width, height, channels, data }) {
      const image = tf.tensor3d(withoutAlpha(data, channels), [height, width, 3], 'int32');
      const features = model.infer(image, ENDPOINT);
      const values = await features.data();
      image.dispose();
      features.dispose();
      return values;
    },
  };
}

function withoutAlpha(data: ArrayLike<number>, channels: number): Int32Array {
  const pixels = data.length / channels;
  const rgb = new Int32Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = data[i * channels + c]!;
  }
  return rgb;
}
