// The constants of matching two pictures.

/** The published networks' (Sun et al. 2021): below this confidence a coarse match is none. */
export const CONFIDENCE_THRESHOLD = 0.2;
/** Cells along the edge that never match: their windows hang over it. */
export const BORDER_CELLS = 2;
/** Longest side of a picture as the network sees it, in pixels: memory grows with its fourth power. */
export const MAX_SIDE = 640;
/** The surest matches that are refined: a model needs no more, and each costs time. */
export const MAX_MATCHES = 512;
