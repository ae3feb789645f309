// The constants of re-ranking, in one place. Values are chosen by `cairn tune` on the validation
// split only; docs/reranking.md records the curves that they come from.

export interface RerankPreset {
  /** Neighbours asked of the index in each search. */
  readonly topK: number;
  readonly expansion: {
    /** How many neighbours are averaged into the query; 0 switches query expansion off. */
    readonly neighbours: number;
    /** Weight of a neighbour = max(similarity, 0)^alpha; 0 is the plain average of the recipe. */
    readonly alpha: number;
  };
  readonly voting: {
    /** Neighbours that vote. */
    readonly neighbours: number;
    /** A vote is max(similarity, 0)^power; the recipe's value is 8. */
    readonly power: number;
  };
  readonly penalty: {
    /** Weight of the query's own similarity to the non-landmark bank; 0 switches it off. */
    readonly query: number;
    /** Weight of each reference's similarity to the bank; 0 switches it off. */
    readonly reference: number;
    /** Bank photos averaged for the query, and for each reference when an index is built. */
    readonly queryNeighbours: number;
    readonly referenceNeighbours: number;
  };
  readonly mean: {
    /** Weight of the query's cosine to a label's mean beside its votes^(1/power); 0 switches it off. */
    readonly weight: number;
  };
}

/**
 * The default. `cairn tune` prints what the validation split prefers; docs/reranking.md holds the curves.
 */
export const RERANK: RerankPreset = {
  topK: 50,
  expansion: { neighbours: 5, alpha: 6 },
  voting: { neighbours: 10, power: 8 },
  penalty: { query: 0.5, reference: 0.25, queryNeighbours: 10, referenceNeighbours: 5 },
  mean: { weight: 0.6 },
};

/** The constants of geometric verification; see verification.ts. */
export interface VerificationPreset {
  /** Labels whose references are matched, of each at most `viewsOfLabel`, in all at most `most`. */
  readonly labels: number;
  readonly viewsOfLabel: number;
  readonly most: number;
  /** Inliers up to which nothing agrees, and from which on everything does: chance gives some, too. */
  readonly floor: number;
  readonly saturation: number;
  /** What full agreement adds to a label's votes, relative. */
  readonly weight: number;
  /** How much full agreement changes the log-odds of "right". */
  readonly odds: number;
  /** The agreement that changes nothing. */
  readonly usual: number;
}

/** The default: near the best of a grid on the validation split (scripts/verification-grid.ts, docs/matching.md). */
export const VERIFICATION: VerificationPreset = {
  labels: 5,
  viewsOfLabel: 2,
  most: 10,
  floor: 18,
  saturation: 50,
  weight: 2,
  odds: 3,
  usual: 0.2,
};
