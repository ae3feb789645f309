// What a package needs of models/: what the default encoder and matcher consist of, and a registry of just those.
import {
  findEncoder,
  findEnsemble,
  findMatcher,
  findServed,
} from '../../src/weights/load-registry.ts';
import type { EncoderEntry, Registry, VerifiedFile } from '../../src/weights/registry.ts';

/** The registry without what is not served. */
export function servedRegistry(registry: Registry): Registry {
  const ensemble = findEnsemble(registry, registry.defaultEncoder);
  const encoders = ensemble
    ? ensemble.members.map(({ encoder }) => findEncoder(registry, encoder))
    : [findEncoder(registry)];
  return {
    version: registry.version,
    defaultEncoder: registry.defaultEncoder,
    encoders,
    ...(ensemble ? { ensembles: [ensemble] } : {}),
    ...(registry.defaultMatcher
      ? { matchers: [findMatcher(registry)], defaultMatcher: registry.defaultMatcher }
      : {}),
  };
}

/** Names of all files that a registry speaks of, cards included. */
export function filesOfRegistry(registry: Registry): string[] {
  findServed(registry); // throws where it is not whole
  const named = new Set<string>();
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isFile(value)) named.add(value.file);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(registry);
  for (const { card } of [...registry.encoders, ...(registry.matchers ?? [])] as Pick<
    EncoderEntry,
    'card'
  >[]) {
    named.add(card);
  }
  return [...named].sort();
}

function isFile(value: unknown): value is VerifiedFile {
  return typeof value === 'object' && value !== null && 'file' in value && 'sha256' in value;
}
