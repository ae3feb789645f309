// The shape of models/registry.json: which models ship, what they need and how they are verified.

/** A file beside registry.json, checked before use. */
export interface VerifiedFile {
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** The networks there are; each is a function in src/nets with a table of specs. */
export const ARCHS = ['efficientnet-lite', 'swin', 'se-resnet', 'nfnet'] as const;
export type Arch = (typeof ARCHS)[number];

/** The networks that match two pictures; SuperGlue matches what SuperPoint finds. */
export const MATCHER_ARCHS = ['loftr', 'superpoint', 'superglue'] as const;
export type MatcherArch = (typeof MATCHER_ARCHS)[number];

/** R-MAC's pools over regions of the map, R-GeM's likewise by generalised means. */
export const POOLINGS = ['average', 'gem', 'r-mac', 'r-gem'] as const;
export type PoolingKind = (typeof POOLINGS)[number];

export interface EncoderEntry {
  readonly id: string;
  readonly title: string;
  /** Which network function. */
  readonly arch: Arch;
  /** Which row of its specs table. */
  readonly spec: string;
  readonly weights: VerifiedFile;
  readonly input: {
    /** Each view shows the whole photo with this longest side in pixels, aspect ratio kept. */
    readonly views: readonly number[];
    /** Sides are rounded to a multiple of this. */
    readonly multiple: number;
    /** Per channel, on 0..255 values: (x − mean) / std. */
    readonly mean: readonly [number, number, number];
    readonly std: readonly [number, number, number];
  };
  readonly pooling: {
    readonly kind: PoolingKind;
    /** The exponent of the generalised means, 1..10; the weights' own `pooling.p` comes before it. */
    readonly p: number;
    /** How the views' L2-normalised vectors become one; `concat` when left out. */
    readonly views?: 'concat' | 'mean';
  };
  /** Length of the embedding; the whitening lies in the weights as `whitening.*`. */
  readonly dim: number;
  /** Non-landmark embeddings for the distractor penalty. */
  readonly bank: VerifiedFile;
  /** Logistic decision, JSON. */
  readonly decision: VerifiedFile;
  /** Embedding of the built-in drawn picture, JSON; the self-test at start compares with it. */
  readonly golden: VerifiedFile;
  readonly licence: string;
  readonly card: string;
}

/**
 * Several encoders as one: each photo is embedded by every member, the embeddings are L2-normalised,
 * weighted, concatenated in this order and L2-normalised again.
 */
export interface EnsembleEntry {
  /** No encoder has the same. */
  readonly id: string;
  readonly title: string;
  readonly members: readonly EnsembleMember[];
  /** Both are of the ensemble's own embedding, as an encoder's are of its. */
  readonly bank: VerifiedFile;
  readonly decision: VerifiedFile;
  /** Of the whole; its members test themselves in any case. */
  readonly golden?: VerifiedFile;
}

export interface EnsembleMember {
  /** The id of an encoder of the registry. */
  readonly encoder: string;
  /** Over 0; only the proportions of weights matter. */
  readonly weight: number;
}

/** What matches two pictures by itself; SuperPoint and SuperGlue come from a user's own files. */
export interface MatcherEntry {
  /** No other matcher has the same. */
  readonly id: string;
  readonly title: string;
  readonly arch: 'loftr';
  /** Which row of its specs table. */
  readonly spec: string;
  readonly weights: VerifiedFile;
  /** A drawn pair and what must be found in it, JSON; the self-test at start. */
  readonly golden: VerifiedFile;
  readonly licence: string;
  readonly card: string;
  /** Pictures are shrunk to this longest side in pixels; to less where the backend wants less. */
  readonly longestSide: number;
}

export interface Registry {
  readonly version: 1;
  /** The id of an encoder or of an ensemble. */
  readonly defaultEncoder: string;
  readonly encoders: readonly EncoderEntry[];
  readonly ensembles?: readonly EnsembleEntry[];
  readonly matchers?: readonly MatcherEntry[];
  /** The id of a matcher; there where any is. */
  readonly defaultMatcher?: string;
}
