// JPEG damage: a real encoder and decoder, which Node and the page each have their own of.
import type { PixelGrid } from '../../imaging/decode.ts';

/**
 * Encodes as JPEG with chroma at half resolution and decodes again; same size.
 * @param quality 1..100, the encoder's own scale: libjpeg's in Node, the browser's in the page
 */
export type JpegRoundTrip = (image: PixelGrid, quality: number) => Promise<PixelGrid>;
