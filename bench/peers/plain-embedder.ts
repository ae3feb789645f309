// The plainest recogniser: the mean of a network's last map, and the nearest of the default collection's photos by it.
import { resolve } from 'node:path';
import * as ort from 'onnxruntime-web';
import { openCollection } from '../../src/cli/collections.ts';
import { encodePhotos, type VectorSource } from '../../src/cli/encode-photos.ts';
import { networkWeights } from '../../src/cli/models.ts';
import { emitBackboneOnnx } from '../../src/cli/network-model.ts';
import { progressLine } from '../../src/cli/output.ts';
import { type ListedPhoto, readManifests } from '../../src/cli/photo-list.ts';
import { globalAveragePrecision, top1 } from '../../src/evaluation/recognition-metrics.ts';
import { decodePhoto } from '../../src/imaging/decode-node.ts';
import { resizeBilinear } from '../../src/imaging/resize.ts';
import { SOURCE_BYTES } from '../../src/retrieval/shard.ts';
import { plainExact } from './search-peers.ts';

export const MANIFEST = resolve(import.meta.dirname, '../../../shared/data/manifest.csv');
/** What the default collection was made from. */
const GALLERY_SPLITS = ['train', 'train_extra', 'index'];
const SIDE = 224;
/** As EfficientNet-Lite has it. */
const SYMMETRIC = { mean: 127, std: 128 } as const;
/** What names its vectors in progress and reports. */
export const PLAIN_NAME = 'EfficientNet-Lite0 at 224 and a loop';

export async function embedGallery(
  name: string,
  source: VectorSource,
  gallery: readonly ListedPhoto[],
) {
  const kept = await defaultSources();
  const labels: string[] = [];
  const rows: Float32Array[] = [];
  const onProgress = progressLine(name);
  for await (const encoded of encodePhotos(gallery, source, { onProgress })) {
    if ('problem' in encoded) continue;
    if (kept && !kept.has(encoded.sha256.slice(0, 2 * SOURCE_BYTES))) continue;
    labels.push(encoded.photo.label);
    rows.push(encoded.vector);
  }
  const vectors = new Float32Array(rows.length * source.dim);
  for (const [i, row] of rows.entries()) vectors.set(row, i * source.dim);
  return { vectors, labels };
}

/** The default collection's photos by their hashes; null where it does not say. */
async function defaultSources(): Promise<ReadonlySet<string> | null> {
  const { shards } = await openCollection();
  const found = new Set<string>();
  for (const { sources, rows } of shards) {
    if (!sources) return null;
    for (let row = 0; row < rows; row++) {
      const bytes = sources.subarray(row * SOURCE_BYTES, (row + 1) * SOURCE_BYTES);
      found.add(Buffer.from(bytes).toString('hex'));
    }
  }
  return found;
}

export async function galleryPhotos(): Promise<ListedPhoto[]> {
  const photos = await readManifests([MANIFEST]);
  return photos.filter(({ split, label }) => GALLERY_SPLITS.includes(split) && label !== '');
}

/** ImageNet's features as mobile embedders take them: the photo squashed to a square, the mean of the last map. */
export async function plainLite0(): Promise<VectorSource> {
  const weights = (await networkWeights('efficientnet-lite', 'lite0'))!;
  const onnx = emitBackboneOnnx({ arch: 'efficientnet-lite', spec: 'lite0' }, weights, {
    size: { width: SIDE, height: SIDE },
  });
  const session = await ort.InferenceSession.create(onnx, { graphOptimizationLevel: 'all' });
  return {
    name: `bench-lite0-mean-${SIDE}`,
    dim: 1280,
    async encode(photo) {
      const pixels = resizeBilinear(await decodePhoto(photo), SIDE, SIDE);
      const image = pixels.map((value) => (value - SYMMETRIC.mean) / SYMMETRIC.std);
      const tensor = new ort.Tensor('float32', image, [1, 3, SIDE, SIDE]);
      const { features } = await session.run({ image: tensor });
      return unit(features!.data as Float32Array);
    },
  };
}

/** L2-normalised, a copy. */
export function unit(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / norm);
}

export interface PlainAccuracy {
  readonly queries: number;
  readonly landmarks: number;
  readonly gap: number;
  readonly top1: number;
}

/** How well it names the photos of the split "query", surest first by cosine: it has nothing else to be sure by. */
export async function plainAccuracy(): Promise<PlainAccuracy> {
  const source = await plainLite0();
  const { vectors, labels } = await embedGallery(PLAIN_NAME, source, await galleryPhotos());
  const index = plainExact(vectors, source.dim);
  const known = new Set(labels);
  const queries = (await readManifests([MANIFEST])).filter(({ split }) => split === 'query');
  const predictions = [];
  for await (const encoded of encodePhotos(queries, source)) {
    if ('problem' in encoded) continue;
    const { vector, photo } = encoded;
    const row = (await index.search(vector, 1))[0]!;
    const score = vector.reduce((sum, value, i) => sum + value * vectors[row * source.dim + i]!, 0);
    const truth = known.has(photo.label) ? [photo.label] : [];
    predictions.push({ label: labels[row]!, score, truth });
  }
  return {
    queries: predictions.length,
    landmarks: predictions.filter(({ truth }) => truth.length > 0).length,
    gap: globalAveragePrecision(predictions),
    top1: top1(predictions),
  };
}
