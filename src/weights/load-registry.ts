// Where models lie, models/registry.json read from there, and what is found in it by its id.
import { CairnError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { checkRegistry } from './check-registry.ts';
import type {
  EncoderEntry,
  EnsembleEntry,
  MatcherEntry,
  Registry,
  VerifiedFile,
} from './registry.ts';
import { type Bytes, sha256Sync } from './sha256.ts';

export const REGISTRY_FILE = 'registry.json';

/** Where model files lie: a folder, or a web address. */
export interface ModelSource {
  /** The registry itself, unverified. Throws `model-missing`, `download-failed`. */
  registry(work?: LongWork): Promise<Bytes>;
  /** Throws `model-missing`, `download-failed`, `hash-mismatch`, `aborted`. */
  file(file: VerifiedFile, work?: LongWork): Promise<Bytes>;
}

/** Throws `model-invalid` naming what is wrong. */
export function parseRegistry(bytes: Uint8Array): Registry {
  return checkRegistry(parseJson(bytes, REGISTRY_FILE));
}

/** @param id left out: the registry's default. Throws `model-missing`. */
export function findEncoder(registry: Registry, id = registry.defaultEncoder): EncoderEntry {
  const entry = registry.encoders.find((e) => e.id === id);
  if (entry) return entry;
  const known = [...registry.encoders, ...(registry.ensembles ?? [])].map((e) => e.id).join(', ');
  throw new CairnError('model-missing', `There is no encoder "${id}".`, `Choose one of: ${known}.`);
}

/** What serves recognition, one encoder or several: all that its users need to know of it. */
export interface ServedModel {
  readonly id: string;
  readonly title: string;
  readonly dim: number;
  /** Lengths of the parts that an embedding is joined from; one for a single encoder. */
  readonly members: readonly number[];
  /** Of an ensemble: over the hashes and weights of its members, in their order. */
  readonly weightsSha256: string;
  readonly bank: VerifiedFile;
  readonly decision: VerifiedFile;
}

/** @param id of an encoder or an ensemble; left out: the registry's default. Throws `model-missing`. */
export function findServed(registry: Registry, id = registry.defaultEncoder): ServedModel {
  const ensemble = findEnsemble(registry, id);
  if (ensemble === null) {
    const { title, dim, weights, bank, decision } = findEncoder(registry, id);
    return { id, title, dim, members: [dim], weightsSha256: weights.sha256, bank, decision };
  }
  const members = ensemble.members.map(({ encoder, weight }) => ({
    entry: findEncoder(registry, encoder),
    weight,
  }));
  const { title, bank, decision } = ensemble;
  return {
    id,
    title,
    dim: members.reduce((sum, { entry }) => sum + entry.dim, 0),
    members: members.map(({ entry }) => entry.dim),
    weightsSha256: ensembleSha256(
      members.map(({ entry, weight }) => ({ sha256: entry.weights.sha256, weight })),
    ),
    bank,
    decision,
  };
}

/** Null when there is none of this id. */
export function findEnsemble(
  registry: Registry,
  id = registry.defaultEncoder,
): EnsembleEntry | null {
  return registry.ensembles?.find((e) => e.id === id) ?? null;
}

/** @param id left out: the registry's default. Throws `model-missing`, saying what else there is. */
export function findMatcher(registry: Registry, id = registry.defaultMatcher): MatcherEntry {
  const { matchers = [] } = registry;
  const entry = matchers.find((each) => each.id === id);
  if (entry) return entry;
  const known = matchers.map((each) => each.id).join(', ');
  throw new CairnError(
    'model-missing',
    id === undefined ? 'No matcher comes with this registry.' : `There is no matcher "${id}".`,
    known === ''
      ? 'Give weights of one (--weights FILE --spec NAME), or train one: cairn train-matcher.'
      : `Choose one of: ${known}.`,
  );
}

/** SHA-256 of a line `hash weight` for each member: changes with any of them and with their order. */
export function ensembleSha256(
  members: readonly { readonly sha256: string; readonly weight: number }[],
): string {
  const lines = members.map(({ sha256, weight }) => `${sha256} ${weight}\n`);
  return sha256Sync(new TextEncoder().encode(lines.join('')));
}

/** Parses a JSON file of a model. Throws `model-invalid` naming the file. */
export function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CairnError(
      'model-invalid',
      `${file} is no JSON.`,
      'Install Cairn again, or restore its models folder.',
      { cause },
    );
  }
}
