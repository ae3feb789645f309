// How good an encoder is while it trains: ranking on the validation protocol by plain embeddings.
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
}

/**
 * @param photos those with a part in the validation protocol; `descriptor` is the embedding, L2-normalised.
 */
export async function scoreEmbeddings(
  photos: readonly DescribedPhoto[],
): Promise<ValidationScores> {
  const { referenceNeighbours } = RERANK.penalty;
  const task = makeTask(validationPhotos(photos), UNCHANGED, referenceNeighbours);
  const ranked = await rankQueries(task.queries, task.search, task.bank, RERANK);
  const scores = scoreStages(predictionsByStage(ranked, task.labels, RERANK, null));
  const of = (name: string) => scores.find(({ stage }) => stage === name);
  const last = of('+penalty');
  return { gap: last?.gap ?? 0, top1: last?.top1 ?? 0, nearest: of('global')?.gap ?? 0 };
}
