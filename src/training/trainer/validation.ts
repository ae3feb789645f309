// How good an encoder is while it trains: ranking on the validation protocol by plain embeddings.
import type { Role } from '../../evaluation/protocol.ts';
import { predictionsByStage, rankQueries, scoreStages } from '../../evaluation/stages.ts';
import { RERANK } from '../../rerank/presets.ts';
import { type DescribedPhoto, makeTask, validationPhotos } from '../descriptors.ts';
import { UNCHANGED } from '../metric.ts';

export interface ValidationScores {
  /** After the distractor penalty, the last stage that needs no fitting; 0..1. */
  readonly gap: number;
  /** Share of the landmark queries whose best label is right, after voting and penalty. */
  readonly top1: number;
  /** GAP of the nearest neighbour alone. */
  readonly nearest: number;
  /** `gap` with queries embedded by the student and everything that is stored by its teacher. */
  readonly asymmetric?: number;
}

/** Embeddings that take the place of the student's, by path: of photos that are stored, not asked about. */
export type StoredEmbeddings = ReadonlyMap<string, Float32Array>;

/** What is stored in recognition: the gallery, and the bank of photos without a landmark. */
export const STORED_ROLES: readonly Role[] = ['train', 'gallery-new', 'negative-bank'];

/**
 * @param photos those with a part in the validation protocol; `descriptor` is the embedding, L2-normalised
 * @param teacher of the stored photos; then a small encoder asks in the gallery of a large one, which needs
 *   both to speak the same language (asymmetric retrieval: Budnik and Avrithis 2021, arXiv:2006.13108)
 */
export async function scoreEmbeddings(
  photos: readonly DescribedPhoto[],
  teacher?: StoredEmbeddings,
): Promise<ValidationScores> {
  const own = await rank(photos);
  if (!teacher) return own;
  const mixed = photos.map((photo) => ({
    ...photo,
    descriptor: teacher.get(photo.path) ?? photo.descriptor,
  }));
  return { ...own, asymmetric: (await rank(mixed)).gap };
}

async function rank(photos: readonly DescribedPhoto[]) {
  const { referenceNeighbours } = RERANK.penalty;
  const task = makeTask(validationPhotos(photos), UNCHANGED, referenceNeighbours);
  const ranked = await rankQueries(task.queries, task.search, task.bank, RERANK);
  const scores = scoreStages(predictionsByStage(ranked, task.labels, RERANK, null));
  const of = (name: string) => scores.find(({ stage }) => stage === name);
  const last = of('+penalty');
  return { gap: last?.gap ?? 0, top1: last?.top1 ?? 0, nearest: of('global')?.gap ?? 0 };
}
