// From a place with model files to what the matcher needs of them.
import type { LongWork } from '../progress.ts';
import { findMatcher, type ModelSource, parseRegistry } from '../weights/load-registry.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import type { MatcherModel } from './matcher.ts';
import { parseMatcherGolden } from './matcher-golden.ts';

/**
 * @param id which matcher of the registry; its default when left out
 * Throws `model-missing`, `model-invalid`, `download-failed`, `hash-mismatch`, `aborted`.
 */
export async function loadMatcherModel(
  source: ModelSource,
  id?: string,
  work: LongWork = {},
): Promise<MatcherModel> {
  const entry = findMatcher(parseRegistry(await source.registry(work)), id);
  const { arch, spec, longestSide } = entry;
  const golden = parseMatcherGolden(await source.file(entry.golden, work), entry.golden.file);
  const weights = readSafetensors(await source.file(entry.weights, work));
  return { arch, spec, longestSide, golden, weights };
}
