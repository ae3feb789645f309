// The way of a photo, on one screen: encode, search and re-rank, verify, decide. It knows stages by interface
// only: the page gives it workers, Node the same classes in-process.
import { throwIfAborted, toPlainError } from './errors.ts';
import { backendInWords } from './inference/backend.ts';
import type { Encoder, Encoding } from './inference/encoder.ts';
import type { MatchedReference, VerificationTask } from './inference/verify-photo.ts';
import { type LongWork, reportStep } from './progress.ts';
import { decideOutcome, type Outcome } from './rerank/decide.ts';
import type { RerankerModel } from './rerank/load-reranker.ts';
import type { NonLandmarkBank } from './rerank/non-landmark-bank.ts';
import { type RerankPreset, VERIFICATION, type VerificationPreset } from './rerank/presets.ts';
import {
  RANKING_STAGES,
  type RerankTrace,
  rerank,
  scoreLessBank,
  stageWinners,
} from './rerank/rerank.ts';
import type { LabelScore } from './rerank/soft-voting.ts';
import type { CollectionLabel } from './retrieval/labels.ts';
import type { PlaceFilter } from './retrieval/place-filter.ts';
import type { CollectionSearch, MatchableReference } from './retrieval/search.ts';
import { bankLevel, mergeTraces } from './retrieval/tuned-space.ts';
import { CANDIDATES, type Candidate, type Evidence, type Verdict } from './verdict.ts';

/** The evidence's names for what follows ranking, as `cairn evaluate` has them. */
const VERIFIED_STAGE = '+loftr';
const DECISION_STAGES = { trees: '+lightgbm', logistic: '+decision' } as const;
/** How many of the nearest references the evidence names. */
const NEAREST_SHOWN = 10;

export interface Stages {
  readonly encoder: Encoder;
  readonly search: CollectionSearch;
  readonly labels: readonly CollectionLabel[];
  readonly reranker: RerankerModel;
  readonly preset: RerankPreset;
  /** Such as `wasm (2 threads)`, where an encoding does not say. */
  readonly backend: string;
  /** What is searched by a tuned network beside the encoder; then `encoder` gives `tuned` embeddings too. */
  readonly tuned?: TunedStages | undefined;
  /** Where references can be matched. */
  readonly verifier?: Verifier | undefined;
}

/** Geometric verification: what is kept of reference photos, and what matches a photo with it. */
export interface Verifier {
  readonly preset: VerificationPreset;
  /** Of the given labels, by their places in {@link Stages.labels}. */
  references(
    embedding: Float32Array,
    labels: readonly number[],
  ): Promise<readonly MatchableReference[]>;
  verify(
    photo: Blob | Uint8Array,
    task: VerificationTask,
    work: LongWork,
  ): Promise<readonly MatchedReference[]>;
  /** Told why a photo could not be verified. */
  onProblem(thrown: unknown): void;
}

export interface TunedStages {
  readonly search: CollectionSearch;
  /** Place in `labels` of each of its labels. */
  readonly places: readonly number[];
  /** Non-landmark photos as the same network saw them before it was tuned. */
  readonly bank: NonLandmarkBank;
}

export interface RecognizeWork extends LongWork {
  /** Find no other landmarks than those there; any, when left out. */
  readonly where?: PlaceFilter | undefined;
}

/**
 * Recognises the landmark of one photo.
 * @throws CairnError `photo-*` for a photo that cannot be read, `usage` for a `where` out of range, `inference-failed`, `aborted`,
 * `worker-crashed`, `timeout`
 */
export async function recognize(
  photo: Blob | Uint8Array,
  stages: Stages,
  work: RecognizeWork = {},
): Promise<Verdict> {
  const { encoder, labels, reranker, preset, backend } = stages;
  const began = performance.now();

  const encoding = await encoder.encode(photo, work);
  throwIfAborted(work.signal);

  reportStep(work, 'search', 0);
  const encoded = performance.now();
  const trace = await rank(encoding, stages, work);

  const ranked = performance.now();
  const matched = await verify(photo, encoding.embedding, trace, stages, work);

  reportStep(work, 'decide', 0);
  const verified = performance.now();
  // Trees know embeddings as they are: beside a tuned network similarities are made comparable, no more.
  const trees = stages.tuned ? null : reranker.trees;
  const outcome = decideOutcome(trace, matched ?? [], {
    ranking: preset,
    verification: stages.verifier?.preset ?? VERIFICATION,
    reranker: { ...reranker, trees },
    photosOf: (label) => labels[label]?.photos ?? 0,
  });
  const candidates = candidatesOf(trace, outcome.ranked, matched, labels);
  const decided = performance.now();

  return {
    kind: outcome.kind,
    label: outcome.kind === 'landmark' ? (candidates[0]?.label ?? null) : null,
    confidence: outcome.confidence,
    candidates,
    kindProbabilities: outcome.probabilities,
    timings: {
      ...encoding.timings,
      search: ranked - encoded,
      ...(matched ? { match: verified - ranked } : {}),
      decide: decided - verified,
      total: decided - began,
    },
    backend: encoding.backend ? backendInWords(encoding.backend) : backend,
    evidence: evidenceOf(trace, outcome, matched, { labels, preset, trees }),
  };
}

/**
 * The photo against what the collection keeps of its best labels' photos; null where there is nothing to match
 * with. What goes wrong here costs the proof, not the answer: the verifier is told.
 */
async function verify(
  photo: Blob | Uint8Array,
  embedding: Float32Array,
  trace: RerankTrace,
  { verifier }: Stages,
  work: LongWork,
): Promise<readonly MatchedReference[] | null> {
  if (!verifier) return null;
  const { preset } = verifier;
  const best = trace.ranked.slice(0, preset.labels).map(({ label }) => label);
  try {
    const references = await verifier.references(embedding, best);
    if (references.length === 0) return null;
    reportStep(work, 'match', 0);
    return await verifier.verify(photo, { ranked: trace.ranked, references, preset }, work);
  } catch (thrown) {
    if (work.signal?.aborted || toPlainError(thrown).code === 'aborted') throw thrown;
    verifier.onProblem(thrown);
    return null;
  } finally {
    throwIfAborted(work.signal);
  }
}

/** In the encoder's own space, and in that of a tuned network where there is one. */
async function rank(
  { embedding, tuned: query }: Encoding,
  { search, reranker, preset, tuned }: Stages,
  work: RecognizeWork,
): Promise<RerankTrace> {
  const { bank, members } = reranker;
  const trace = await rerank(embedding, search, bank, preset, { ...work, members });
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

function candidatesOf(
  trace: RerankTrace,
  ranked: readonly LabelScore[],
  matched: readonly MatchedReference[] | null,
  labels: readonly CollectionLabel[],
): Candidate[] {
  return ranked.slice(0, CANDIDATES).map(({ label, votes }) => {
    const own = matched?.filter((match) => match.label === label) ?? [];
    return {
      label: nameOf(labels, label),
      similarity: trace.expanded.find((n) => n.label === label)?.similarity ?? 0,
      votes,
      inliers: own.length === 0 ? null : Math.max(...own.map(({ inliers }) => inliers)),
    };
  });
}

function evidenceOf(
  trace: RerankTrace,
  { ranked, verified, confidence, features }: Outcome,
  matched: readonly MatchedReference[] | null,
  { labels, preset, trees }: Pick<Stages, 'labels' | 'preset'> & Pick<RerankerModel, 'trees'>,
): Evidence {
  const winners = stageWinners(trace, preset);
  const stageOf = (stage: string, best: LabelScore, score: number) => ({
    stage,
    label: nameOf(labels, best.label),
    score,
  });
  const leader = matched && verified[0];
  const best = ranked[0];
  return {
    engine: trace.engine,
    nearest: trace.nearest
      .slice(0, NEAREST_SHOWN)
      .map((one) => ({ ...one, label: nameOf(labels, one.label) })),
    stages: [
      ...RANKING_STAGES.flatMap((stage) => {
        const winner = winners[stage];
        return winner ? [{ stage, label: nameOf(labels, winner.label), score: winner.score }] : [];
      }),
      ...(leader ? [stageOf(VERIFIED_STAGE, leader, scoreLessBank(leader, trace, preset))] : []),
      ...(best ? [stageOf(DECISION_STAGES[trees ? 'trees' : 'logistic'], best, confidence)] : []),
    ],
    verification:
      matched?.map(({ label, row, matches, inliers, points, size, picture }) => ({
        label: nameOf(labels, label),
        row,
        matches,
        inliers,
        points,
        size,
        picture,
      })) ?? null,
    features,
  };
}
