// JPEG damage in Node, by sharp (mozjpeg's features off: plain libjpeg, as cameras and sites write it).
import sharp from 'sharp';
import type { JpegRoundTrip } from './jpeg.ts';

/** See {@link JpegRoundTrip}. */
export const jpegRoundTrip: JpegRoundTrip = async ({ data, width, height, channels }, quality) => {
  const bytes = await sharp(data, { raw: { width, height, channels } })
    .jpeg({ quality, chromaSubsampling: '4:2:0' })
    .toBuffer();
  return { width, height, channels: 3, data: await sharp(bytes).raw().toBuffer() };
};
