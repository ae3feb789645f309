// The key under which what was computed of a photo is kept between runs.
import { createHash } from 'node:crypto';
import { decoderVersionOf } from '../imaging/decoder-version-node.ts';

/**
 * Changes with the file, and with the decoder where that changed for such files; for all others it is the SHA-256 of
 * the file, as it was before decoders had versions.
 * @returns 64 digits, lower-case hex
 */
export async function photoKey(bytes: Uint8Array): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const version = await decoderVersionOf(bytes);
  if (version === 1) return sha256;
  return createHash('sha256').update(`${sha256} decoder ${version}`).digest('hex');
}
