// The way of a photo, on one screen: encode, search and re-rank, decide. It knows stages by interface
// only: the page gives it workers, Node the same classes in-process.
import { throwIfAborted } from './errors.ts';
import type { Encoder, Encoding } from './inference/encoder.ts';
import type { LongWork } from './progress.ts';
import { decide } from './rerank/decision.ts';
import { decisionFeatures, FEATURES } from './rerank/features.ts';
import type { RerankerModel } from './rerank/load-reranker.ts';
import type { NonLandmarkBank } from './rerank/non-landmark-bank.ts';
import type { RerankPreset } from './rerank/presets.ts';
import { RANKING_STAGES, type RerankTrace, rerank, stageWinners } from './rerank/rerank.ts';
import type { CollectionLabel } from './retrieval/labels.ts';
import type { CollectionSearch } from './retrieval/search.ts';
import { bankLevel, mergeTraces } from './retrieval/tuned-space.ts';
import { CANDIDATES, type Candidate, type Evidence, type Verdict } from './verdict.ts';

/** How many of the nearest references the evidence names. */
const NEAREST_SHOWN = 10;

export interface Stages {
  readonly encoder: Encoder;
  readonly search: CollectionSearch;
  readonly labels: readonly CollectionLabel[];
  readonly reranker: RerankerModel;
  readonly preset: RerankPreset;
  /** Such as `wasm (2 threads)`. */
  readonly backend: string;
  /** What is searched by a tuned network beside the encoder; then `encoder` gives `tuned` embeddings too. */
  readonly tuned?: TunedStages | undefined;
}

export interface TunedStages {
  readonly search: CollectionSearch;
  /** Place in `labels` of each of its labels. */
  readonly places: readonly number[];
  /** Non-landmark photos as the same network saw them before it was tuned. */
  readonly bank: NonLandmarkBank;
}

/**
 * Recognises the landmark of one photo.
 * @throws CairnError `photo-*` for a photo that cannot be read, `inference-failed`, `aborted`,
 * `worker-crashed`, `timeout`
 */
export async function recognize(
  photo: Blob | Uint8Array,
  stages: Stages,
  work: LongWork = {},
): Promise<Verdict> {
  const { encoder, labels, reranker, preset, backend } = stages;
  const report = (stage: 'search' | 'decide') =>
    work.onProgress?.({ stage, done: 0, total: 1, unit: 'steps' });
  const began = performance.now();

  const encoding = await encoder.encode(photo, work);
  throwIfAborted(work.signal);

  report('search');
  const encoded = performance.now();
  const trace = await rank(encoding, stages, work);

  report('decide');
  const ranked = performance.now();
  const features = decisionFeatures(trace, preset);
  const decision = decide(features, reranker.decision);
  const candidates = candidatesOf(trace, labels);
  const decided = performance.now();

  return {
    kind: decision.kind,
    label: decision.kind === 'landmark' ? (candidates[0]?.label ?? null) : null,
    confidence: decision.probabilities.landmark,
    candidates,
    kindProbabilities: decision.probabilities,
    timings: {
      ...encoding.timings,
      search: ranked - encoded,
      decide: decided - ranked,
      total: decided - began,
    },
    backend,
    evidence: evidenceOf(trace, features ?? [], decision.contributions, labels, preset),
  };
}

/** In the encoder's own space, and in that of a tuned network where there is one. */
async function rank(
  { embedding, tuned: query }: Encoding,
  { search, reranker, preset, tuned }: Stages,
  work: LongWork,
): Promise<RerankTrace> {
  const trace = await rerank(embedding, search, reranker.bank, preset, work);
  if (!tuned || !query) return trace;
  const second = await rerank(query, tuned.search, tuned.bank, preset, work);
  const levels = {
    original: bankLevel(embedding, reranker.bank.rows),
    tuned: bankLevel(query, tuned.bank.rows),
  };
  const { places } = tuned;
  return mergeTraces(trace, { trace: second, levels, places, rowsBefore: search.rows }, preset);
}

function nameOf(labels: readonly CollectionLabel[], index: number): string {
  return labels[index]?.label ?? '';
}

function candidatesOf(trace: RerankTrace, labels: readonly CollectionLabel[]): Candidate[] {
  return trace.penalised.slice(0, CANDIDATES).map(({ label, votes }) => ({
    label: nameOf(labels, label),
    similarity: trace.expanded.find((n) => n.label === label)?.similarity ?? 0,
    votes,
    inliers: null,
  }));
}

function evidenceOf(
  trace: RerankTrace,
  features: readonly number[],
  contributions: readonly number[],
  labels: readonly CollectionLabel[],
  preset: RerankPreset,
): Evidence {
  const winners = stageWinners(trace, preset);
  return {
    engine: trace.engine,
    nearest: trace.nearest.slice(0, NEAREST_SHOWN),
    stages: RANKING_STAGES.flatMap((stage) => {
      const winner = winners[stage];
      return winner ? [{ stage, label: nameOf(labels, winner.label), score: winner.score }] : [];
    }),
    features: features.map((value, f) => ({
      name: FEATURES[f] ?? '',
      value,
      contribution: contributions[f] ?? 0,
    })),
  };
}
