// Reads models/registry.json with distrust, and an encoder's files by their hashes.
import { CairnError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import type { EncoderEntry, Registry, VerifiedFile } from './registry.ts';
import { type Bytes, isSha256 } from './sha256.ts';

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
  const defaultEncoder = text(registry.defaultEncoder, 'defaultEncoder');
  if (!ids.has(defaultEncoder)) throw invalid(`defaultEncoder "${defaultEncoder}" is not listed`);
  return { version: 1, defaultEncoder, encoders };
}

/** @param id left out: the registry's default. Throws `model-missing`. */
export function findEncoder(registry: Registry, id = registry.defaultEncoder): EncoderEntry {
  const entry = registry.encoders.find((e) => e.id === id);
  if (entry) return entry;
  const known = registry.encoders.map((e) => e.id).join(', ');
  throw new CairnError('model-missing', `There is no encoder "${id}".`, `Choose one of: ${known}.`);
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
  if (entry.arch !== 'efficientnet-lite') {
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
  if (pooling.kind !== 'gem' && pooling.kind !== 'average') {
    throw invalid(`${at}.pooling.kind ${JSON.stringify(pooling.kind)} is unknown`);
  }
  if (![undefined, 'concat', 'mean'].includes(pooling.views as string | undefined)) {
    throw invalid(`${at}.pooling.views ${JSON.stringify(pooling.views)} is unknown`);
  }
  return entry as unknown as EncoderEntry;
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
