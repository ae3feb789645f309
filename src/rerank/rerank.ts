// From an embedding to ranked labels: search, query expansion, search again, soft votes, penalty.
// Every stage keeps its own result, so that the page can say why and evaluation can score each stage.
import type { LongWork } from '../progress.ts';
import type { CollectionSearch, Neighbour, SearchEngine } from '../retrieval/search.ts';
import { type NonLandmarkBank, penaliseReferences } from './non-landmark-bank.ts';
import type { RerankPreset } from './presets.ts';
import { expandQuery } from './query-expansion.ts';
import { type LabelScore, softVote } from './soft-voting.ts';

export interface RerankTrace {
  readonly engine: SearchEngine;
  /** The first search. */
  readonly nearest: readonly Neighbour[];
  /** The search with the expanded query; the first one again when expansion is off. */
  readonly expanded: readonly Neighbour[];
  /** Soft votes before the penalty. */
  readonly voted: readonly LabelScore[];
  /** Soft votes with each reference's closeness to the bank taken off: the final order of labels. */
  readonly penalised: readonly LabelScore[];
  /** Mean cosine of the query to its nearest non-landmark photos, −1..1. */
  readonly queryBank: number;
}

/**
 * @param query [dim], L2-normalised.
 * @throws what the search throws.
 */
export async function rerank(
  query: Float32Array,
  search: CollectionSearch,
  bank: NonLandmarkBank,
  preset: RerankPreset,
  work: LongWork = {},
): Promise<RerankTrace> {
  const { expansion, voting, penalty, topK } = preset;
  const signal = work.signal;
  const first = await search.search(query, { k: topK, vectors: expansion.neighbours, signal });
  work.onProgress?.({ stage: 'rerank', done: 0, total: 1, unit: 'steps' });
  const second =
    expansion.neighbours === 0
      ? first
      : await search.search(
          expandQuery(
            query,
            first.vectors,
            first.neighbours.map((n) => n.similarity),
            expansion,
          ),
          { k: topK, signal },
        );
  return {
    engine: second.engine,
    nearest: first.neighbours,
    expanded: second.neighbours,
    voted: softVote(second.neighbours, voting),
    penalised: softVote(penaliseReferences(second.neighbours, penalty), voting),
    queryBank: bank.similarity(query, penalty.queryNeighbours),
  };
}

/** The stages of `cairn evaluate` that end in a label and a score, in the order of the pipeline. */
export const RANKING_STAGES = ['global', '+qe', '+vote', '+penalty'] as const;
export type RankingStage = (typeof RANKING_STAGES)[number];

/**
 * Best label of each stage with the score that ranks it among other queries:
 * cosine, cosine after expansion, votes, and votes^(1/power) less the query's own closeness to the bank.
 * A stage that is switched off repeats the one before it. Empty results give null.
 */
export function stageWinners(
  trace: RerankTrace,
  preset: RerankPreset,
): Readonly<Record<RankingStage, { label: number; score: number } | null>> {
  const { penalty, voting } = preset;
  const nearest = trace.nearest[0];
  const expanded = trace.expanded[0];
  const voted = trace.voted[0];
  const penalised = trace.penalised[0];
  return {
    global: nearest ? { label: nearest.label, score: nearest.similarity } : null,
    '+qe': expanded ? { label: expanded.label, score: expanded.similarity } : null,
    '+vote': voted ? { label: voted.label, score: voted.votes } : null,
    '+penalty': penalised
      ? {
          label: penalised.label,
          score: penalised.votes ** (1 / voting.power) - penalty.query * trace.queryBank,
        }
      : null,
  };
}
