// Reads models/registry.json with distrust, and an encoder's files by their hashes.
import { CairnError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import {
  ARCHS,
  type EncoderEntry,
  type EnsembleEntry,
  POOLINGS,
  type Registry,
  type VerifiedFile,
} from './registry.ts';
import { type Bytes, isSha256, sha256Sync } from './sha256.ts';

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
  const value = parseJson(bytes, REGISTRY_FILE);
  const registry = record(value, 'it');
  if (registry.version !== 1) {
    throw invalid(`version ${JSON.stringify(registry.version)} is not 1`);
  }
  if (!Array.isArray(registry.encoders)) throw invalid('it has no list "encoders"');
  const encoders = registry.encoders.map((entry, i) => checkEncoder(entry, `encoders[${i}]`));
  const ids = new Set(encoders.map((e) => e.id));
  if (ids.size < encoders.length) throw invalid('two encoders have the same id');
  const ensembles = checkEnsembles(registry.ensembles, ids);
  for (const { id } of ensembles ?? []) {
    if (ids.has(id)) throw invalid(`two encoders have the same id, or an ensemble has: "${id}"`);
    ids.add(id);
  }
  const defaultEncoder = text(registry.defaultEncoder, 'defaultEncoder');
  if (!ids.has(defaultEncoder)) throw invalid(`defaultEncoder "${defaultEncoder}" is not listed`);
  return { version: 1, defaultEncoder, encoders, ...(ensembles ? { ensembles } : {}) };
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
    return { id, title, dim, weightsSha256: weights.sha256, bank, decision };
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

function checkEncoder(value: unknown, at: string): EncoderEntry {
  const entry = record(value, at);
  for (const key of ['id', 'title', 'spec', 'licence', 'card']) text(entry[key], `${at}.${key}`);
  if (!ARCHS.some((arch) => arch === entry.arch)) {
    throw invalid(`${at}.arch ${JSON.stringify(entry.arch)} is unknown`);
  }
  for (const key of ['weights', 'bank', 'decision', 'golden']) {
    checkFile(entry[key], `${at}.${key}`);
  }
  positive(entry.dim, `${at}.dim`);
  const input = record(entry.input, `${at}.input`);
  if (!Array.isArray(input.views) || input.views.length === 0) {
    throw invalid(`${at}.input.views is empty`);
  }
  for (const [i, side] of input.views.entries()) positive(side, `${at}.input.views[${i}]`);
  positive(input.multiple, `${at}.input.multiple`);
  for (const key of ['mean', 'std']) {
    const triple = input[key];
    const fine = Array.isArray(triple) && triple.length === 3 && triple.every(Number.isFinite);
    if (!fine) throw invalid(`${at}.input.${key} is not three numbers`);
  }
  const pooling = record(entry.pooling, `${at}.pooling`);
  if (!POOLINGS.some((kind) => kind === pooling.kind)) {
    throw invalid(`${at}.pooling.kind ${JSON.stringify(pooling.kind)} is unknown`);
  }
  if (![undefined, 'concat', 'mean'].includes(pooling.views as string | undefined)) {
    throw invalid(`${at}.pooling.views ${JSON.stringify(pooling.views)} is unknown`);
  }
  return entry as unknown as EncoderEntry;
}

function checkEnsembles(value: unknown, encoders: ReadonlySet<string>) {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw invalid('ensembles is no list');
  return value.map((entry, i) => checkEnsemble(entry, `ensembles[${i}]`, encoders));
}

function checkEnsemble(value: unknown, at: string, encoders: ReadonlySet<string>): EnsembleEntry {
  const entry = record(value, at);
  for (const key of ['id', 'title']) text(entry[key], `${at}.${key}`);
  for (const key of ['bank', 'decision']) checkFile(entry[key], `${at}.${key}`);
  if (entry.golden !== undefined) checkFile(entry.golden, `${at}.golden`);
  if (!Array.isArray(entry.members) || entry.members.length < 2) {
    throw invalid(`${at}.members has fewer than two members`);
  }
  const seen = new Set<string>();
  for (const [i, each] of entry.members.entries()) {
    const member = record(each, `${at}.members[${i}]`);
    const encoder = text(member.encoder, `${at}.members[${i}].encoder`);
    if (!encoders.has(encoder)) {
      throw invalid(`${at}.members[${i}].encoder "${encoder}" is not listed`);
    }
    if (seen.has(encoder)) throw invalid(`${at}.members names "${encoder}" twice`);
    seen.add(encoder);
    if (!Number.isFinite(member.weight) || (member.weight as number) <= 0) {
      throw invalid(`${at}.members[${i}].weight is no positive number`);
    }
  }
  return entry as unknown as EnsembleEntry;
}

function checkFile(value: unknown, at: string): void {
  const file = record(value, at);
  const name = text(file.file, `${at}.file`);
  // A name, never a path or an address: a registry cannot reach out of its folder.
  if (!/^[\w][\w.-]*$/.test(name)) throw invalid(`${at}.file "${name}" is no plain file name`);
  positive(file.bytes, `${at}.bytes`);
  if (!isSha256(file.sha256)) throw invalid(`${at}.sha256 is no SHA-256`);
}

function record(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid(`${at} is no object`);
}

function text(value: unknown, at: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(`${at} is missing`);
}

function positive(value: unknown, at: string): void {
  if (!Number.isSafeInteger(value) || (value as number) <= 0) {
    throw invalid(`${at} is no positive whole number`);
  }
}

function invalid(what: string): CairnError {
  return new CairnError(
    'model-invalid',
    `The model registry is not valid: ${what}.`,
    'Install Cairn again, or restore its models folder.',
  );
}
