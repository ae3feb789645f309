// What a recognition says: the shape that the page shows, the command prints and evaluation scores.
import type { PlainError } from './errors.ts';
import type { Neighbour, SearchEngine } from './retrieval/search.ts';

/** A landmark of the collection; a landmark that is not in it; no landmark at all. */
export type Kind = 'landmark' | 'unlisted' | 'not-landmark';

export interface Candidate {
  readonly label: string;
  /** Cosine similarity of the label's best reference, −1..1. */
  readonly similarity: number;
  /** Soft votes of the label's references after query expansion, ≥ 0. */
  readonly votes: number;
  /** Most matches with one of its references that one motion of the camera explains; null where none was matched. */
  readonly inliers: number | null;
}

/** Milliseconds by stage, in the order in which the stages ran. */
export type Timings = Readonly<Record<string, number>>;

export interface Verdict {
  readonly kind: Kind;
  /** Null unless `kind` is landmark. */
  readonly label: string | null;
  /** Probability that the best label is right, 0..1: what GAP ranks by, whatever the kind. */
  readonly confidence: number;
  /** Best first, distinct labels, at most `CANDIDATES`. */
  readonly candidates: readonly Candidate[];
  /** Sums to 1. */
  readonly kindProbabilities: Readonly<Record<Kind, number>>;
  readonly timings: Timings;
  /** Such as `wasm (2 threads)` or `webgpu (NVIDIA …)`. */
  readonly backend: string;
  /** What each stage contributed, for the page's "why". */
  readonly evidence: Evidence;
}

/** A verdict without what led to it. */
export type Answer = Omit<Verdict, 'evidence'>;

/** A photo's answer to hand on: a line of `cairn recognize --json`, and what the page saves (docs/history.md). */
export interface Result extends Answer {
  /** The file's name; from the command, its path as it was given. */
  readonly photo: string;
}

/** The same of a photo that could not be looked at. */
export interface FailedResult {
  readonly photo: string;
  readonly error: Pick<PlainError, 'code' | 'message'>;
}

/** Always the same fields in the same order, whatever else `verdict` carries. */
export function resultOf(photo: string, verdict: Answer): Result {
  const { kind, label, confidence, candidates, kindProbabilities, timings, backend } = verdict;
  return { photo, kind, label, confidence, candidates, kindProbabilities, timings, backend };
}

export function failureOf(photo: string, { code, message }: FailedResult['error']): FailedResult {
  return { photo, error: { code, message } };
}

/** How many runners-up a verdict carries, the best included. */
export const CANDIDATES = 5;

export interface Evidence {
  readonly engine: SearchEngine;
  /** Best references of the first search. */
  readonly nearest: readonly NearestReference[];
  /** Best label after each stage, with its score there. */
  readonly stages: readonly {
    readonly stage: string;
    readonly label: string;
    readonly score: number;
  }[];
  /** References that were matched with the photo, in this order; null where the collection has none to match. */
  readonly verification: readonly VerifiedReference[] | null;
  /** The decision's inputs and what each added to the log-odds of "right". */
  readonly features: readonly {
    readonly name: string;
    readonly value: number;
    readonly contribution: number;
  }[];
}

/** A reference by the key of its label, which stays its own while collections come and go. */
export interface NearestReference extends Omit<Neighbour, 'label'> {
  readonly label: string;
}

/** What matching the photo with one reference found. */
export interface VerifiedReference {
  readonly label: string;
  /** Row of the collection. */
  readonly row: number;
  readonly matches: number;
  readonly inliers: number;
  /** Rows [xa, ya, xb, yb, confidence] of the inliers: pixels of the photo, and of the reference photo. */
  readonly points: Float32Array;
  /** The reference photo's sides, pixels; of its picture where it was matched with that. */
  readonly size: { readonly width: number; readonly height: number };
  /** Names the picture that it was matched with (half the SHA-256 of its photo, hex); null where that was a view. */
  readonly picture: string | null;
}
