// Networks that match two pictures, by name: their sizes and their parameters.
import { MATCHER_ARCHS, type MatcherArch } from '../weights/registry.ts';
import { loftrParameters } from './loftr/loftr.ts';
import { LOFTR } from './loftr/specs.ts';
import type { Parameter } from './parameter-list.ts';
import { specNamed } from './specs.ts';
import { SUPERGLUE } from './superglue/specs.ts';
import { superGlueParameters } from './superglue/superglue.ts';
import { SUPERPOINT } from './superpoint/specs.ts';
import { superPointParameters } from './superpoint/superpoint.ts';

export { MATCHER_ARCHS, type MatcherArch };

interface MatcherFamily {
  readonly specs: readonly string[];
  parameters(spec: string): ReadonlyMap<string, Parameter>;
}

function family<S>(
  specs: Readonly<Record<string, S>>,
  parameters: (spec: S) => ReadonlyMap<string, Parameter>,
): MatcherFamily {
  return {
    specs: Object.keys(specs),
    parameters: (name) => parameters(specNamed(specs, name)),
  };
}

const FAMILIES = {
  loftr: family(LOFTR, loftrParameters),
  superpoint: family(SUPERPOINT, superPointParameters),
  superglue: family(SUPERGLUE, superGlueParameters),
} as const;

/** LoFTR stands alone; SuperPoint finds the keypoints that SuperGlue matches. */
export type MatcherNetwork = keyof typeof FAMILIES;

/** The sizes that a matcher comes in. */
export function matcherSpecs(arch: MatcherNetwork): readonly string[] {
  return FAMILIES[arch].specs;
}

/** By the names of the published checkpoints. Throws `model-invalid` naming those that exist, for an unknown size. */
export function matcherParameters(
  arch: MatcherNetwork,
  spec: string,
): ReadonlyMap<string, Parameter> {
  return FAMILIES[arch].parameters(spec);
}
