// What Cairn accepts of a photo and how far it decodes it: every size limit of imaging in one place.

export const PHOTO_LIMITS = {
  /**
   * Largest photo in pixels, by its header. A 5 KB file can claim 64 250² of them, which no device
   * has the memory for; real cameras and stitched panoramas stay below this.
   */
  maxPixels: 100_000_000,
  /** Largest file in bytes. */
  maxBytes: 100 * 1024 * 1024,
  /**
   * Most pixels that are kept after decoding: iOS canvases above 16 777 216 go blank without an
   * exception. Larger photos are shrunk while they are decoded; views are far smaller anyway.
   */
  maxDecodedPixels: 16_777_216,
  /** Longest side kept after decoding: the longest canvas side that every browser has. */
  maxDecodedSide: 16_384,
} as const;

/**
 * The size in pixels at which a photo of width × height is decoded: its own, or the largest within
 * {@link PHOTO_LIMITS} with the same aspect ratio. Sides are at least 1.
 */
export function decodedSize(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(
    1,
    Math.sqrt(PHOTO_LIMITS.maxDecodedPixels / (width * height)),
    PHOTO_LIMITS.maxDecodedSide / Math.max(width, height),
  );
  if (scale === 1) return { width, height };
  return {
    width: Math.max(1, Math.floor(width * scale)),
    height: Math.max(1, Math.floor(height * scale)),
  };
}
