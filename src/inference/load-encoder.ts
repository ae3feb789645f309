// From a place with model files to what the encoder needs of them.
import type { LongWork } from '../progress.ts';
import { findEncoder, type ModelSource, parseRegistry } from '../weights/load-registry.ts';
import { parseGolden } from './golden.ts';
import type { EncoderModel } from './ort-encoder.ts';

/**
 * @param id which encoder of the registry; its default when left out
 * Throws `model-missing`, `model-invalid`, `download-failed`, `hash-mismatch`, `aborted`.
 */
export async function loadEncoderModel(
  source: ModelSource,
  id?: string,
  work: LongWork = {},
): Promise<EncoderModel> {
  const entry = findEncoder(parseRegistry(await source.registry(work)), id);
  const golden = parseGolden(await source.file(entry.golden, work), entry);
  return { entry, golden, weights: await source.file(entry.weights, work) };
}
