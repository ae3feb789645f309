// A HEIC in a browser that cannot read one itself: one part of the page, fetched with the first such photo.
import type { PhotoHeader } from '../inspect.ts';
import { decodeHeic } from './decode-heic.ts';
import { libheifFiles } from './files-browser.ts';

/** As {@link decodeHeic}; also throws what {@link libheifFiles} throws. */
export async function decodeHeicInBrowser(
  bytes: Uint8Array,
  header: PhotoHeader,
  size: Parameters<typeof decodeHeic>[2],
): Promise<Uint8ClampedArray> {
  return decodeHeic(bytes, header, size, await libheifFiles());
}
