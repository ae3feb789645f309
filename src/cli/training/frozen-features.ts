// Pooled vectors of a network that stays as it is: each photo's last map once, pooled in every way.
import * as tf from '@tensorflow/tfjs-core';
import { network } from '../../nets/networks.ts';
import { poolingFor } from '../../nets/pooling.ts';
import { loadTfParams, TfOps } from '../../tensor/tf-ops.ts';
import { ABLATION, ABLATION_RUN } from '../../training/ablation/presets.ts';
import type { EncoderEntry, PoolingKind } from '../../weights/registry.ts';
import type { Weights } from '../../weights/safetensors.ts';
import { descriptorKey } from '../describe-photos.ts';
import { CACHE_FOLDER, readPhoto } from '../encode-photos.ts';
import { progressLine } from '../output.ts';
import { photoKey } from '../photo-key.ts';
import { VectorCache } from '../vector-cache.ts';
import type { RolePhoto } from './validate-student.ts';
import { viewBatches } from './view-batches.ts';

/** A network with its weights, and the one view of a photo that it sees. */
export interface FrozenNetwork extends Pick<EncoderEntry, 'arch' | 'spec' | 'input'> {
  readonly weights: Weights;
}

export interface FrozenPhoto extends RolePhoto {
  /** [channels] each, L2-normalised. */
  readonly pooled: Readonly<Record<PoolingKind, Float32Array>>;
}

/**
 * In the order of the list; photos that cannot be read are told and left out. Vectors come from the cache
 * where it has them. Needs a started harness.
 */
export async function frozenFeatures(
  photos: readonly RolePhoto[],
  frozen: FrozenNetwork,
): Promise<FrozenPhoto[]> {
  const { arch, spec, input, weights } = frozen;
  const { channels } = network(arch, spec);
  const { poolings } = ABLATION;
  const key = descriptorKey({ arch, spec, poolings, power: ABLATION_RUN.power, input }, weights);
  const dim = channels * poolings.length;
  const cache = await VectorCache.open(CACHE_FOLDER, `${arch}-${spec}-${key}-poolings`, dim);
  const keyed: (RolePhoto & { readonly key: string })[] = [];
  for (const photo of photos) keyed.push({ ...photo, key: await keyOf(photo.file) });
  const missing: typeof keyed = [];
  for (const photo of keyed) if (!(await cache.get(photo.key))) missing.push(photo);
  const onProgress = progressLine('maps');
  const pool = poolingsOf(frozen);
  let done = 0;
  for await (const batch of viewBatches(missing, input)) {
    const { pixels, count, height, width } = batch.images;
    const rows = await pool.run(pixels, [count, height, width, 3]);
    for (const [n, { key }] of batch.photos.entries()) {
      await cache.put(key, rows.slice(n * dim, (n + 1) * dim));
    }
    done += count;
    onProgress({ stage: 'encode', done, total: missing.length, unit: 'photos' });
  }
  pool.dispose();
  const frozenPhotos: FrozenPhoto[] = [];
  for (const photo of keyed) {
    const row = await cache.get(photo.key);
    if (!row) continue;
    const parts = poolings.map((kind, i) => [kind, row.subarray(i * channels, (i + 1) * channels)]);
    frozenPhotos.push({ ...photo, pooled: Object.fromEntries(parts) as FrozenPhoto['pooled'] });
  }
  await cache.close();
  return frozenPhotos;
}

/** From images to [N, poolings · channels], with the poolings that encoders use. */
function poolingsOf({ arch, spec, weights }: FrozenNetwork) {
  const { maps } = network(arch, spec);
  const params = loadTfParams(weights, `the weights of ${arch}/${spec}`);
  const ops = new TfOps();
  return {
    async run(pixels: Float32Array, shape: [number, number, number, number]) {
      const rows = tf.tidy(() => {
        const { head } = maps(ops, params, tf.tensor4d(pixels, shape));
        const vectors = ABLATION.poolings.map((kind) =>
          ops.l2Normalize(poolingFor({ kind, p: ABLATION_RUN.power })(ops, params, head)),
        );
        return ops.concat(vectors);
      });
      const values = Float32Array.from(await rows.data());
      rows.dispose();
      return values;
    },
    dispose: () => params.dispose(),
  };
}

/** Of no bytes where the file cannot be read: reading it again will tell. */
async function keyOf(file: string): Promise<string> {
  return photoKey(await readPhoto(file).catch(() => new Uint8Array()));
}
