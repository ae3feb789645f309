// Every number that robust estimation is tuned by, with its unit and where it comes from.

/** What a caller may set; see the fields for units. */
export interface EstimateOptions {
  /** Errors up to this many pixels make an inlier: symmetric transfer error or Sampson distance. */
  readonly threshold?: number;
  /** Probability wanted of having drawn one sample without outliers, in (0, 1). */
  readonly confidence?: number;
  /** Samples drawn at most: what a pair of photos that do not match costs. */
  readonly maxIterations?: number;
  /** The same seed and matches give the same result everywhere. */
  readonly seed?: number;
}

export type EstimateSettings = Required<EstimateOptions>;

/**
 * The defaults. With noise of 1 px a coordinate, a symmetric transfer error of 3.5 px is met by 95 % of
 * true matches (two degrees of freedom, two noisy photos), and a Sampson distance of 2 px likewise (one).
 */
export const HOMOGRAPHY_DEFAULTS: EstimateSettings = {
  threshold: 3.5,
  confidence: 0.9999,
  maxIterations: 2000,
  seed: 1,
};

export const FUNDAMENTAL_DEFAULTS: EstimateSettings = {
  threshold: 2,
  confidence: 0.999,
  maxIterations: 5000,
  seed: 1,
};

/**
 * For points that stand on cells of 8 pixels in both photos: rounding moves each coordinate by up to 4
 * pixels, evenly, which is a deviation of 2.3 where the defaults allow for 1.
 */
export const COARSE_GEOMETRY = {
  homography: { threshold: 8 },
  fundamental: { threshold: 4.6 },
} as const satisfies Readonly<Record<string, EstimateOptions>>;

/** Marginal scoring (MAGSAC++, Barath et al. 2020). */
export const SCORING = {
  /**
   * Errors count for something up to this many thresholds: the noise is known to about this factor. Wrong
   * matches come close to an epipolar line more easily than to a point, hence the shorter reach.
   */
  reach: { homography: 3, fundamental: 2 },
  /** 0.99 quantile of the chi distribution with four degrees of freedom, as in the paper. */
  quantile: 3.64,
  /** Cells of the tables over the squared error; more change no result. */
  cells: 1024,
} as const;

/** Local optimisation (Chum et al. 2003; Lebeda et al. 2012). */
export const LOCAL = {
  /** Reweighted fits at most after a new best sample, and after the last. */
  rounds: 2,
  finalRounds: 20,
  /**
   * Larger samples drawn from the inliers of the best model, each of up to 7 minimal samples. They change
   * nothing for homographies, and save fundamental matrices of many wrong matches.
   */
  innerSamples: { homography: 1, fundamental: 4 },
  innerSize: 7,
  innerRounds: 2,
  /** Share of the best score that the first fits must reach, or no larger samples are drawn. */
  worth: 0.9,
  /** Score, relative, by which a round must better the last for another to follow. */
  gain: 1e-3,
} as const;

/** Early rejection by a sequential test (Matas and Chum 2005); points are looked at in blocks. */
export const SEQUENTIAL = {
  block: 16,
  /** Shares of matches that agree with a right and with a wrong model, before any has been seen. */
  good: 0.05,
  bad: 0.01,
  /** Change of the measured share, relative, from which on the test is designed anew. */
  drift: 0.1,
} as const;

/** Early stop by a prefix of the most confident matches (PROSAC's n*; Chum and Matas 2005). */
export const PREFIX = {
  /** Shortest prefix that may stop the search: fewer agree by chance. */
  least: 50,
  share: 0.2,
  /** Only every so many-th prefix is looked at. */
  step: 10,
} as const;

/** Samples and models that no photo pair gives. */
export const DEGENERATE = {
  /** Least height, in thresholds, of any triangle of a homography's sample: lower is a line. */
  triangle: 1,
  /** Least determinant of a homography of unit norm, points being of unit spread: less collapses. */
  determinant: 1e-6,
  /** Smallest pivot of the seven-point system, rows being of O(1). */
  pivot: 1e-9,
} as const;

/** Planes in two views (DEGENSAC; Chum et al. 2005). */
export const PLANE = {
  /** So many of a sample's seven points on one plane leave the fundamental matrix undetermined. */
  sample: 5,
  /** Transfer errors to allow on it, in thresholds of Sampson distances: as the defaults above relate. */
  transfer: 1.75,
  /** Reweighted fits at most that take a plane from three matches to all of its. */
  rounds: 12,
  /** Pairs of matches off the plane that are tried at most. */
  pairs: 200,
  /** Matches within this many allowed errors of the plane are no witnesses of depth. */
  off: 1.5,
} as const;

/** Choosing between the two models (GRIC; Torr 1998). */
export const CHOICE = {
  /** Standard deviation of noise that the threshold of Sampson distances stands for (95 %), in thresholds. */
  sigma: 1 / 1.96,
  /** Torr's λ3: an outlier costs this times its four coordinates. */
  outlier: 2,
  /** Cells a side of the grid over which the spread of the inliers is counted. */
  grid: 8,
  /** Share of triangles of inliers that must keep their orientation: fewer is a mirrored photo. */
  orientation: 0.5,
  /** Triangles that are looked at. */
  triangles: 200,
} as const;
