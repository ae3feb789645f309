// The constants of matching two pictures.

/** The published networks' (Sun et al. 2021, Sarlin et al. 2020): below this confidence a match is none. */
export const CONFIDENCE_THRESHOLD = 0.2;
/** Cells along the edge that never match: their windows hang over it. */
export const BORDER_CELLS = 2;
/** Longest side of a picture as the network sees it, in pixels: memory grows with its fourth power. */
export const MAX_SIDE = 640;
/**
 * The same where all pictures lie on one square canvas, as on WebGPU: its matrix of confidences has 52 MB
 * there, and would have 164 MB at 640, over the 128 MiB that WebGPU binds by default.
 */
export const CANVAS_SIDE = 480;
/** The surest matches that are refined: a model needs no more, and each costs time. */
export const MAX_MATCHES = 512;

// SuperPoint's corners, as published with SuperGlue (Sarlin et al. 2020).

/** Corners stand at least so many pixels apart, in one direction or the other. */
export const CORNER_RADIUS = 4;
/** Less sure ones are none. */
export const CORNER_THRESHOLD = 0.005;
/** Pixels along the edge that hold none: what the network sees of them is half padding. */
export const CORNER_BORDER = 4;
/** Theirs for pictures of 640 × 480: attention between keypoints grows with their square. */
export const MAX_KEYPOINTS = 1024;
