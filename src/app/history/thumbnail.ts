// The small picture of a photo that the history keeps.
import { shownPicture } from '../results/shown-picture.ts';

/** Longest side in pixels: twice what the list shows, for dense screens. */
const LONGEST_SIDE = 256;
const QUALITY = 0.8;

/** @param url of what the page shows of the photo; @returns null where that can be neither shown nor drawn */
export async function thumbnailOf(url: string): Promise<Blob | null> {
  try {
    const image = await shownPicture(url);
    const { naturalWidth, naturalHeight } = image;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(naturalWidth, naturalHeight));
    const width = Math.max(1, Math.round(naturalWidth * scale));
    const height = Math.max(1, Math.round(naturalHeight * scale));
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    if (!context) return null;
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, 0, 0, width, height);
    const copy = await canvas.convertToBlob({ type: 'image/webp', quality: QUALITY });
    // Safari has no WebP encoder and gives a PNG, four times as large as a JPEG.
    return copy.type === 'image/webp'
      ? copy
      : await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
  } catch {
    return null;
  }
}
