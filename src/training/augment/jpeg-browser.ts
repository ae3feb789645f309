// JPEG damage in the page or a worker of it, by the browser's own encoder.
import { CairnError } from '../../errors.ts';
import type { PixelGrid } from '../../imaging/decode.ts';
import { decodePhoto } from '../../imaging/decode-browser.ts';
import type { JpegRoundTrip } from './jpeg.ts';

/** See {@link JpegRoundTrip}. Throws `training-failed` where a browser gives no canvas. */
export const jpegRoundTrip: JpegRoundTrip = async (image, quality) => {
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  if (!context) {
    throw new CairnError(
      'training-failed',
      'The browser gives no canvas to compress photos on.',
      'Train with an augmentation that does without compression.',
    );
  }
  context.putImageData(new ImageData(toOpaque(image), image.width, image.height), 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: quality / 100 });
  return decodePhoto(new Uint8Array(await blob.arrayBuffer()));
};

/** RGB or RGBX as RGBA without transparency, which an encoder would blend with black. */
function toOpaque({ data, channels, width, height }: PixelGrid): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let from = 0, to = 0; to < rgba.length; from += channels, to += 4) {
    rgba[to] = data[from]!;
    rgba[to + 1] = data[from + 1]!;
    rgba[to + 2] = data[from + 2]!;
  }
  return rgba;
}
