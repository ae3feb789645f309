// From an embedding to ranked labels: search, query expansion, search again, soft votes, penalty, label means.
// Every stage keeps its own result, so that the page can say why and evaluation can score each stage.
import type { LongWork } from '../progress.ts';
import type { PlaceFilter } from '../retrieval/place-filter.ts';
import type {
  CollectionSearch,
  Neighbour,
  SearchEngine,
  SearchResult,
} from '../retrieval/search.ts';
import { meanVotes } from './mean-votes.ts';
import { type NonLandmarkBank, penaliseReferences } from './non-landmark-bank.ts';
import type { RerankPreset } from './presets.ts';
import { expandQuery } from './query-expansion.ts';
import { type LabelScore, softVote } from './soft-voting.ts';

/** A neighbour with what each member of an ensemble says of it by itself. */
export interface RankedNeighbour extends Neighbour {
  /** Cosines in the members' own parts of the embedding, −1..1; left out where these are not known. */
  readonly members?: readonly number[];
}

export interface RerankTrace {
  readonly engine: SearchEngine;
  /** The first search. */
  readonly nearest: readonly RankedNeighbour[];
  /** The search with the expanded query; the first one again when expansion is off. */
  readonly expanded: readonly Neighbour[];
  /** Soft votes before the penalty. */
  readonly voted: readonly LabelScore[];
  /** Soft votes with each reference's closeness to the bank taken off. */
  readonly penalised: readonly LabelScore[];
  /** Cosine of the query to the mean of a label's references, of the labels of `nearest`; empty where unknown. */
  readonly means: ReadonlyMap<number, number>;
  /** Penalised votes joined with the labels' means: the final order of labels. */
  readonly ranked: readonly LabelScore[];
  /** Mean cosine of the query to its nearest non-landmark photos, −1..1. */
  readonly queryBank: number;
}

export interface RerankWork extends LongWork {
  /** Lengths of the parts that embeddings are joined from, one for each member of an ensemble. */
  readonly members?: readonly number[] | undefined;
  /** Find no other landmarks than those there. */
  readonly where?: PlaceFilter | undefined;
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
  work: RerankWork = {},
): Promise<RerankTrace> {
  const { expansion, penalty, topK } = preset;
  const { signal, members = [], where } = work;
  const first = await search.search(query, {
    k: topK,
    vectors: members.length > 1 ? topK : expansion.neighbours,
    means: preset.mean.weight > 0,
    where,
    signal,
  });
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
          { k: topK, where, signal },
        );
  return {
    engine: second.engine,
    nearest: withMembers(first, query, members),
    ...scoreLabels(second.neighbours, first.means ?? new Map(), preset),
    queryBank: bank.similarity(query, penalty.queryNeighbours),
  };
}

/** Neighbours with the cosines of each part of their vectors; as they are where there is one part only. */
function withMembers(
  { neighbours, vectors }: SearchResult,
  query: Float32Array,
  members: readonly number[],
): readonly RankedNeighbour[] {
  const dim = query.length;
  if (members.length < 2) return neighbours;
  return neighbours.map((neighbour, n) => {
    const vector = vectors.subarray(n * dim, (n + 1) * dim);
    if (vector.length < dim) return neighbour;
    let from = 0;
    const cosines = members.map((length) => {
      let [dot, own, other] = [0, 0, 0];
      for (const end = from + length; from < end; from += 1) {
        const [q, v] = [query[from] ?? 0, vector[from] ?? 0];
        dot += q * v;
        own += q * q;
        other += v * v;
      }
      return dot / Math.sqrt(own * other);
    });
    return { ...neighbour, members: cosines };
  });
}

/** What follows the last search: votes, penalty, means. @param expanded sorted by similarity */
export function scoreLabels(
  expanded: readonly Neighbour[],
  means: ReadonlyMap<number, number>,
  { voting, penalty, mean }: RerankPreset,
): Pick<RerankTrace, 'expanded' | 'voted' | 'penalised' | 'means' | 'ranked'> {
  const ballots = penaliseReferences(expanded, penalty);
  const penalised = softVote(ballots, voting);
  return {
    expanded,
    voted: softVote(expanded, voting),
    penalised,
    means,
    ranked: meanVotes(penalised, ballots, means, { power: voting.power, weight: mean.weight }),
  };
}

/** votes^(1/power) less the query's own closeness to the bank: comparable among queries. */
export function scoreLessBank(
  { votes }: LabelScore,
  { queryBank }: RerankTrace,
  { penalty, voting }: RerankPreset,
): number {
  return votes ** (1 / voting.power) - penalty.query * queryBank;
}

/** The stages of `cairn evaluate` that end in a label and a score, in the order of the pipeline. */
export const RANKING_STAGES = ['global', '+qe', '+vote', '+penalty', '+mean'] as const;
export type RankingStage = (typeof RANKING_STAGES)[number];

/**
 * Best label of each stage with the score that ranks it among other queries:
 * cosine, cosine after expansion, votes^(1/power), then the same less the query's own closeness to the bank, before
 * and after the labels' means joined.
 * A stage that is switched off repeats the one before it. Empty results give null.
 */
export function stageWinners(
  trace: RerankTrace,
  preset: RerankPreset,
): Readonly<Record<RankingStage, { label: number; score: number } | null>> {
  const nearest = trace.nearest[0];
  const expanded = trace.expanded[0];
  const voted = trace.voted[0];
  const root = ({ votes }: LabelScore) => votes ** (1 / preset.voting.power);
  const lessBank = (best: LabelScore | undefined) =>
    best ? { label: best.label, score: scoreLessBank(best, trace, preset) } : null;
  return {
    global: nearest ? { label: nearest.label, score: nearest.similarity } : null,
    '+qe': expanded ? { label: expanded.label, score: expanded.similarity } : null,
    '+vote': voted ? { label: voted.label, score: root(voted) } : null,
    '+penalty': lessBank(trace.penalised[0]),
    '+mean': lessBank(trace.ranked[0]),
  };
}
