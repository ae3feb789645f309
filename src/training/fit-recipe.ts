// What fitting an encoder's whitening and decision uses: one table of constants, chosen on validation.

export const FIT = {
  /** Length of the embedding. */
  dim: 512,
  /** See `WhiteningOptions`. */
  shrinkage: 0.3,
  classCap: 8,
  /** Out-of-fold passes that make the decision's samples. */
  folds: 5,
  /** L2 penalty of the logistic decision. */
  decisionL2: 0.01,
  /** Each outcome's share of the total weight: right, unlisted (or wrongly named), not a landmark. */
  outcomeShares: [0.5, 0.2, 0.3],
  /** Share of the validation photos without a landmark that may be named one: the threshold for naming follows. */
  namedWrongly: 0.01,
} as const;
