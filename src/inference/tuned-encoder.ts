// A second encoder: one of the registry with the head and last stage that the user has tuned.
import { CairnError } from '../errors.ts';
import { decodeTunedNetwork, tunedId, withTuned } from '../training/tuning/tuned-network.ts';
import type { ModelSource } from '../weights/load-registry.ts';
import type { EncoderEntry } from '../weights/registry.ts';
import { readSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import { sha256Hex } from '../weights/sha256.ts';
import { OrtEncoder, type OrtEncoderParts } from './ort-encoder.ts';

export interface TunedModel {
  /** The encoder that it was made for. */
  readonly entry: EncoderEntry;
  /** The file of a tuned network. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The self-test compares with the embedding that training computed.
 * Its `open` throws `model-invalid` for a network of another encoder, and as `OrtEncoder` does.
 */
export function openTunedEncoder(
  { entry, bytes }: TunedModel,
  source: ModelSource,
  parts: Omit<OrtEncoderParts, 'load'>,
): OrtEncoder {
  return new OrtEncoder({
    ...parts,
    load: async (work) => {
      const { weights, maker, golden } = decodeTunedNetwork(bytes);
      if (maker.id !== entry.id || maker.weightsSha256 !== entry.weights.sha256) {
        throw new CairnError(
          'model-invalid',
          `The tuned network was made for another encoder than ${entry.id}.`,
          'Undo the tuning, and tune again.',
        );
      }
      const base = readSafetensors(await source.file(entry.weights, work));
      const all = writeSafetensors(withTuned(base, weights));
      const sha256 = await sha256Hex(bytes);
      const named = {
        ...entry,
        id: tunedId(entry),
        weights: { file: entry.weights.file, bytes: all.length, sha256 },
      };
      return { entry: named, weights: all, golden };
    },
  });
}
