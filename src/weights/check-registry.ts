// Whether a registry is what it should be: nothing of it is believed before it was looked at.
import { CairnError, shownValue } from '../errors.ts';
import { MAX_SIDE } from '../matching/presets.ts';
import { isPlainFileName } from './file-name.ts';
import {
  ARCHS,
  type EncoderEntry,
  type EnsembleEntry,
  type MatcherEntry,
  POOLINGS,
  type Registry,
} from './registry.ts';
import { isSha256 } from './sha256.ts';

/** No id, title or name is longer. */
const MOST_TEXT = 1000;

/** @param value parsed JSON. Throws `model-invalid` naming what is wrong. */
export function checkRegistry(value: unknown): Registry {
  const registry = record(value, 'it');
  if (registry.version !== 1) {
    throw invalid(`version ${shownValue(registry.version)} is not 1`);
  }
  if (!Array.isArray(registry.encoders)) throw invalid('it has no list "encoders"');
  const encoders = registry.encoders.map((entry, i) => checkEncoder(entry, `encoders[${i}]`));
  const ids = new Set(encoders.map((e) => e.id));
  if (ids.size < encoders.length) throw invalid('two encoders have the same id');
  const ensembles = checkEnsembles(registry.ensembles, ids);
  for (const { id } of ensembles ?? []) {
    if (ids.has(id))
      throw invalid(`two encoders have the same id, or an ensemble has: ${shownValue(id)}`);
    ids.add(id);
  }
  const defaultEncoder = text(registry.defaultEncoder, 'defaultEncoder');
  if (!ids.has(defaultEncoder))
    throw invalid(`defaultEncoder ${shownValue(defaultEncoder)} is not listed`);
  return {
    version: 1,
    defaultEncoder,
    encoders,
    ...(ensembles ? { ensembles } : {}),
    ...checkMatchers(registry.matchers, registry.defaultMatcher),
  };
}

function checkEncoder(value: unknown, at: string): EncoderEntry {
  const entry = record(value, at);
  for (const key of ['id', 'title', 'spec', 'licence', 'card']) text(entry[key], `${at}.${key}`);
  if (!ARCHS.some((arch) => arch === entry.arch)) {
    throw invalid(`${at}.arch ${shownValue(entry.arch)} is unknown`);
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
    if (key === 'std' && !triple.every((value) => value > 0)) {
      throw invalid(`${at}.input.std is not above zero`);
    }
  }
  const pooling = record(entry.pooling, `${at}.pooling`);
  if (!POOLINGS.some((kind) => kind === pooling.kind)) {
    throw invalid(`${at}.pooling.kind ${shownValue(pooling.kind)} is unknown`);
  }
  if (!(Number.isFinite(pooling.p) && (pooling.p as number) >= 1 && (pooling.p as number) <= 10)) {
    throw invalid(`${at}.pooling.p ${shownValue(pooling.p)} is no number from 1 to 10`);
  }
  if (![undefined, 'concat', 'mean'].includes(pooling.views as string | undefined)) {
    throw invalid(`${at}.pooling.views ${shownValue(pooling.views)} is unknown`);
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
      throw invalid(`${at}.members[${i}].encoder ${shownValue(encoder)} is not listed`);
    }
    if (seen.has(encoder)) throw invalid(`${at}.members names ${shownValue(encoder)} twice`);
    seen.add(encoder);
    if (!Number.isFinite(member.weight) || (member.weight as number) <= 0) {
      throw invalid(`${at}.members[${i}].weight is no positive number`);
    }
  }
  return entry as unknown as EnsembleEntry;
}

/** The list and its default: both or neither, for a list of none has none. */
function checkMatchers(
  value: unknown,
  wanted: unknown,
): Pick<Registry, 'matchers' | 'defaultMatcher'> {
  if (value === undefined && wanted === undefined) return {};
  if (!Array.isArray(value)) throw invalid('matchers is no list');
  const matchers = value.map((entry, i) => checkMatcher(entry, `matchers[${i}]`));
  const ids = new Set(matchers.map(({ id }) => id));
  if (ids.size < matchers.length) throw invalid('two matchers have the same id');
  if (ids.size === 0 && wanted === undefined) return { matchers };
  const defaultMatcher = text(wanted, 'defaultMatcher');
  if (!ids.has(defaultMatcher))
    throw invalid(`defaultMatcher ${shownValue(defaultMatcher)} is not listed`);
  return { matchers, defaultMatcher };
}

function checkMatcher(value: unknown, at: string): MatcherEntry {
  const entry = record(value, at);
  for (const key of ['id', 'title', 'spec', 'licence', 'card']) text(entry[key], `${at}.${key}`);
  if (entry.arch !== 'loftr') throw invalid(`${at}.arch ${shownValue(entry.arch)} is unknown`);
  for (const key of ['weights', 'golden']) checkFile(entry[key], `${at}.${key}`);
  positive(entry.longestSide, `${at}.longestSide`);
  if ((entry.longestSide as number) > MAX_SIDE) {
    throw invalid(`${at}.longestSide ${entry.longestSide} is more than ${MAX_SIDE}`);
  }
  return entry as unknown as MatcherEntry;
}

function checkFile(value: unknown, at: string): void {
  const file = record(value, at);
  const name = text(file.file, `${at}.file`);
  // A name, never a path or an address: a registry cannot reach out of its folder.
  if (!isPlainFileName(name)) throw invalid(`${at}.file ${shownValue(name)} is no plain file name`);
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
  if (typeof value !== 'string' || value === '') throw invalid(`${at} is missing`);
  if (value.length > MOST_TEXT) throw invalid(`${at} has ${value.length} characters`);
  return value;
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
