// The shape of models/registry.json: which models ship, what they need and how they are verified.

/** A file beside registry.json, checked before use. */
export interface VerifiedFile {
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface EncoderEntry {
  readonly id: string;
  readonly title: string;
  /** Which network function and which row of its specs table. */
  readonly arch: 'efficientnet-lite';
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
    readonly kind: 'gem' | 'average';
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

export interface Registry {
  readonly version: 1;
  readonly defaultEncoder: string;
  readonly encoders: readonly EncoderEntry[];
}
