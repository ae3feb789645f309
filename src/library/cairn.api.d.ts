// 1.0.0
/** Every code that a user or a caller can meet. Messages are English; the page translates by code. */
type ErrorCode = 'photo-empty' | 'photo-unsupported' | 'photo-corrupt' | 'photo-truncated' | 'photo-too-large' | 'model-invalid' | 'model-missing' | 'backend-unavailable' | 'inference-failed' | 'training-failed' | 'collection-invalid' | 'collection-mismatch' | 'collection-missing' | 'storage-failed' | 'storage-full' | 'download-failed' | 'hash-mismatch' | 'worker-crashed' | 'timeout' | 'aborted' | 'usage' | 'internal';
/**
 * The one error class of Cairn. `message` says what happened, `remedy` what to do.
 * It survives a trip between threads through {@link toPlainError} and {@link fromPlainError}.
 */
declare class CairnError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly name = "CairnError";
  /** Which of the things that a code stands for, where the page has words for each: a kind of file, say. */
  readonly subject: string | undefined;
  constructor(code: ErrorCode, message: string, remedy: string, options?: ErrorOptions & {
    readonly subject?: string | undefined;
  });
}
/** What is being done; the page has a text for each in both languages. */
type Stage = 'download' | 'load-model' | 'warm-up' | 'self-test' | 'open-collection' | 'build-index' | 'decode' | 'encode' | 'search' | 'rerank' | 'match' | 'decide';
/** One step of progress. `done` and `total` are in `unit`; total is 0 while unknown. */
interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'steps' | 'photos' | 'rows';
  /** What is worked on, for people: a file name, a shard. */
  readonly item?: string;
}
type OnProgress = (progress: Progress) => void;
interface LabelFacts {
  /** Stable key, lower-case snake case, such as `eiffel_tower`. */
  readonly label: string;
  readonly title: {
    readonly en: string;
    readonly zh: string;
  };
  /** ISO 3166-1 alpha-2, upper case; null where unknown. */
  readonly country: string | null;
  /** Degrees, WGS 84; null where unknown. */
  readonly lat: number | null;
  readonly lon: number | null;
  /** Wikidata item such as `Q243`; null unless it is certain. */
  readonly wikidata: string | null;
}
/** A label of a collection: its facts and how many reference photos it has. */
interface CollectionLabel extends LabelFacts {
  readonly photos: number;
}
interface PlaceFilter {
  /** ISO 3166-1 alpha-2, upper case; at least one where it is given. */
  readonly countries?: readonly string[];
  /** Degrees and kilometres along the surface, `km` > 0. */
  readonly near?: {
    readonly lat: number;
    readonly lon: number;
    readonly km: number;
  };
}
/** One reference photo found. Sorted by `similarity`, best first; ties by `row`, lowest first. */
interface Neighbour {
  /** Row in the whole collection (shards in the order of collection.json). */
  readonly row: number;
  /** Index into the collection's `labels`. */
  readonly label: number;
  /** Cosine similarity to the query, −1..1. */
  readonly similarity: number;
  /** Mean similarity of the reference to its nearest photos in the non-landmark bank, −1..1. */
  readonly bankSimilarity: number;
}
type SearchEngine = 'hnsw' | 'exact';
/** A landmark of the collection; a landmark that is not in it; no landmark at all. */
type Kind = 'landmark' | 'unlisted' | 'not-landmark';
interface Candidate {
  readonly label: string;
  /** Cosine similarity of the label's best reference, −1..1. */
  readonly similarity: number;
  /** Soft votes of the label's references after query expansion, ≥ 0. */
  readonly votes: number;
  /** Most matches with one of its references that one motion of the camera explains; null where none was matched. */
  readonly inliers: number | null;
}
/** Milliseconds by stage, in the order in which the stages ran. */
type Timings = Readonly<Record<string, number>>;
interface Verdict {
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
interface Evidence {
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
interface NearestReference extends Omit<Neighbour, 'label'> {
  readonly label: string;
}
/** What matching the photo with one reference found. */
interface VerifiedReference {
  readonly label: string;
  /** Row of the collection. */
  readonly row: number;
  readonly matches: number;
  readonly inliers: number;
  /** Rows [xa, ya, xb, yb, confidence] of the inliers: pixels of the photo, and of the reference photo. */
  readonly points: Float32Array;
  /** The reference photo's sides, pixels; of its picture where it was matched with that. */
  readonly size: {
    readonly width: number;
    readonly height: number;
  };
  /** Names the picture that it was matched with (half the SHA-256 of its photo, hex); null where that was a view. */
  readonly picture: string | null;
}
interface RecognizerOptions {
  /**
   * Address of the collection.json of what is searched, relative to the page; several are searched as one. The
   * package's own collection when left out.
   */
  readonly collection?: string | URL | readonly (string | URL)[];
  /** Address of the folder that holds registry.json; the package's own when left out. */
  readonly models?: string | URL;
  /** Hears of downloads and of everything else that takes long, until the recognizer is ready. */
  readonly onProgress?: OnProgress;
  /** Stops opening; what was downloaded by then is kept. */
  readonly signal?: AbortSignal;
  /** Told of what stops nothing, such as a worker that had to be started anew. */
  readonly onProblem?: (problem: RecognizerProblem) => void;
  /** Whether details are compared with what the collection keeps of its photos: better, and slower. True when left out. */
  readonly verify?: boolean;
}
interface RecognizerProblem {
  readonly kind: 'storage-unavailable' | 'self-test-failed' | 'worker-restarted' | 'matcher-unavailable';
  /** What happened, in English. */
  readonly message: string;
}
interface RecognizeOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Find no other landmarks than those there. */
  readonly where?: PlaceFilter;
}
interface LandmarkRecognizer {
  /** Landmarks that it can find. */
  readonly labels: readonly CollectionLabel[];
  /** What the networks run on, such as `wasm (2 threads)`. */
  readonly backend: string;
  /**
   * Says which landmark a photo shows. Photos are worked on one at a time, in order of calling.
   * @throws CairnError `photo-*` for a photo that cannot be read, `usage`, `inference-failed`, `worker-crashed`,
   * `timeout`, `aborted`
   */
  recognize(photo: Blob, options?: RecognizeOptions): Promise<Verdict>;
  /** Ends its workers; a call that is under way is rejected with `aborted`. What was downloaded is kept. */
  dispose(): void;
}
/**
 * Downloads what is needed (once: it is kept in the browser, verified by SHA-256) and starts the workers. Nothing of
 * a photo leaves the page.
 * @throws CairnError `download-failed`, `hash-mismatch`, `model-*`, `collection-*`, `storage-*`,
 * `backend-unavailable`, `worker-crashed`, `usage`, `aborted`
 */
declare function createRecognizer(options?: RecognizerOptions): Promise<LandmarkRecognizer>;
export { CairnError, type Candidate, type CollectionLabel, type ErrorCode, type Evidence, type Kind, type LandmarkRecognizer, type NearestReference, type OnProgress, type PlaceFilter, type Progress, type RecognizeOptions, type RecognizerOptions, type RecognizerProblem, type Stage, type Timings, type Verdict, type VerifiedReference, createRecognizer };