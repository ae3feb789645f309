// Networks that match two pictures, by name: their sizes and their parameters.
import { MATCHER_ARCHS, type MatcherArch } from '../weights/registry.ts';
import { loftrParameters } from './loftr/loftr.ts';
import { LOFTR } from './loftr/specs.ts';
import type { Parameter } from './parameter-list.ts';
import { specNamed } from './specs.ts';

export { MATCHER_ARCHS, type MatcherArch };

interface MatcherFamily {
  readonly specs: readonly string[];
  parameters(spec: string): ReadonlyMap<string, Parameter>;
}

const FAMILIES: Readonly<Record<MatcherArch, MatcherFamily>> = {
  loftr: {
    specs: Object.keys(LOFTR),
    parameters: (spec) => loftrParameters(specNamed(LOFTR, spec)),
  },
};

/** The sizes that a matcher comes in. */
export function matcherSpecs(arch: MatcherArch): readonly string[] {
  return FAMILIES[arch].specs;
}

/** By the names of the published checkpoints. Throws `model-invalid` naming those that exist, for an unknown size. */
export function matcherParameters(arch: MatcherArch, spec: string): ReadonlyMap<string, Parameter> {
  return FAMILIES[arch].parameters(spec);
}
