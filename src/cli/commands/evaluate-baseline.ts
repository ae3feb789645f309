// The plainest baseline: one view, global average pooling, nearest neighbour, its cosine as confidence.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScoredPrediction } from '../../evaluation/recognition-metrics.ts';
import { evaluationReport } from '../../evaluation/report.ts';
import { meanAveragePrecisionAt } from '../../evaluation/retrieval-metrics.ts';
import { decodePhoto } from '../../imaging/decode-node.ts';
import { toViews } from '../../imaging/to-tensor.ts';
import { dot } from '../../tensor/dot.ts';
import { readSafetensors } from '../../weights/safetensors.ts';
import { openNodeNetwork } from '../describe-photos.ts';
import { encodePhotos, type VectorSource } from '../encode-photos.ts';
import { ENCODER_RECIPES } from '../encoders.ts';
import type { EvaluationPhotos } from '../evaluation-photos.ts';
import { modelsFolder } from '../models.ts';
import { note, progressLine } from '../output.ts';
import type { ListedPhoto } from '../photo-list.ts';

const BASELINE_SIDE = 224;

export async function evaluateBaseline({ gallery, queries }: EvaluationPhotos) {
  const recipe = ENCODER_RECIPES[0]!;
  const entry = {
    ...recipe,
    dim: recipe.descriptor,
    input: { ...recipe.input, views: [BASELINE_SIDE] },
    pooling: { kind: 'average', p: 1 } as const,
  };
  const weights = readSafetensors(await readFile(join(modelsFolder(), recipe.weightsFile)));
  const network = await openNodeNetwork(entry, weights, 'descriptor');
  const source: VectorSource = {
    name: `baseline-${recipe.id}-${BASELINE_SIDE}`,
    dim: recipe.descriptor,
    encode: async (photo) => network.run(toViews(await decodePhoto(photo), entry.input)),
  };
  const references = await encodeAll(gallery, source, 'gallery');
  const asked = await encodeAll(queries, source, 'queries');
  await network.release();

  const lists: { relevant: boolean[]; total: number }[] = [];
  const predictions = asked.map(({ photo, vector }): ScoredPrediction => {
    const ranked = references
      .map((r) => ({ label: r.photo.label, score: dot(vector, r.vector) }))
      .sort((a, b) => b.score - a.score);
    const relevant = ranked.map((r) => r.label === photo.label);
    const total = relevant.filter(Boolean).length;
    if (photo.label !== '') lists.push({ relevant: relevant.slice(0, 100), total });
    const best = ranked[0]!;
    return { ...best, truth: photo.label === '' ? [] : [photo.label] };
  });
  return evaluationReport(
    new Map([['global' as const, predictions]]),
    asked.map(({ photo }) => photo.queryKind),
    meanAveragePrecisionAt(lists, 100),
  );
}

async function encodeAll<P extends ListedPhoto>(
  photos: readonly P[],
  source: VectorSource,
  what: string,
): Promise<{ photo: P; vector: Float32Array }[]> {
  const encoded: { photo: P; vector: Float32Array }[] = [];
  for await (const result of encodePhotos(photos, source, { onProgress: progressLine(what) })) {
    if ('problem' in result) note(`skipped ${result.photo.path}: ${result.problem}`);
    else encoded.push({ photo: result.photo, vector: result.vector });
  }
  return encoded;
}
