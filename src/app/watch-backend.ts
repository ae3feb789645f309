// Where photos are computed, as it changes after opening: WebGPU may be given up at any photo, and a worker that is
// started anew may have it again.
import type { Encoder, EncoderInfo } from '../inference/encoder.ts';

/**
 * @param info as the encoder was opened
 * @param onChange told what it is from now on
 * @returns the same encoder, watched
 */
export function watchBackend(
  info: EncoderInfo,
  onChange: (now: EncoderInfo) => void,
): (encoder: Encoder) => Encoder {
  let { backend: current } = info;
  return (encoder) => ({
    open: (work) => encoder.open(work),
    async encode(photo, work) {
      const encoding = await encoder.encode(photo, work);
      const { backend } = encoding;
      if (backend && backend.backend !== current.backend) {
        current = backend;
        onChange({ ...info, backend });
      }
      return encoding;
    },
  });
}
