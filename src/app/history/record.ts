// One recognition as the history keeps it: the result with the names that it had then, and a small picture.
import { CairnError } from '../../errors.ts';
import type { LabelFacts } from '../../retrieval/labels.ts';
import { type Checker, checker } from '../../retrieval/schema.ts';
import { type Answer, type Candidate, type Kind, type Result, resultOf } from '../../verdict.ts';
import type { LabelMap } from '../recognize/names.ts';

/** Keys of the store's values: this, the time, and something that sets two of one moment apart. */
export const HISTORY_KEYS = 'history/';
/** The newest so many are kept. */
export const HISTORY_MOST = 500;
const VERSION = 1;

export interface HistoryEntry {
  /** What it is kept under, whole. */
  readonly key: string;
  /** When the verdict was there: ISO 8601, UTC. */
  readonly time: string;
  readonly result: Result;
  /** What was known of the labels in it: a collection may be gone by the time one looks. */
  readonly landmarks: readonly LabelFacts[];
  /** What was searched: names of collections, addresses of services. */
  readonly collections: readonly string[];
  /** ISO 3166-1 alpha-2 of the only country that was looked in; null for all. */
  readonly country: string | null;
  /** Null where none could be made. */
  readonly thumbnail: Blob | null;
}

/** As it lies in the store. */
export interface StoredEntry extends Omit<HistoryEntry, 'key'> {
  readonly version: number;
}

export interface Recognition {
  readonly photo: string;
  readonly verdict: Answer;
  readonly labels: LabelMap;
  readonly collections: readonly string[];
  readonly country: string | null;
  readonly thumbnail: Blob | null;
  readonly at: Date;
  /** Sets entries of the same millisecond apart: a few letters or digits. */
  readonly mark: string;
}

export function entryOf(recognition: Recognition): HistoryEntry {
  const { photo, verdict, labels, at, mark, collections, country, thumbnail } = recognition;
  const time = at.toISOString();
  const named = new Set(verdict.candidates.map(({ label }) => label));
  if (verdict.label !== null) named.add(verdict.label);
  return {
    key: `${HISTORY_KEYS}${time}-${mark}`,
    time,
    result: resultOf(photo, verdict),
    landmarks: [...named].flatMap((label) => {
      const facts = labels.get(label);
      return facts ? [factsAlone(facts)] : [];
    }),
    collections: [...collections],
    country,
    thumbnail,
  };
}

export function storedOf({ key: _, ...entry }: HistoryEntry): StoredEntry {
  return { version: VERSION, ...entry };
}

/** `newer`: a later version of the page wrote it, which may read it again. */
export type Unreadable = 'damaged' | 'newer';

/** Never throws, whatever lies in the store. */
export function readEntry(key: string, value: unknown): HistoryEntry | Unreadable {
  try {
    const entry = checker(value, '', complain).object();
    if (entry.at('version').integer(1, Number.MAX_SAFE_INTEGER) > VERSION) return 'newer';
    return {
      key,
      time: entry.at('time').satisfies(isTime, 'a time'),
      result: readResult(entry.at('result')),
      landmarks: entry.at('landmarks').array(100).map(readFacts),
      collections: entry
        .at('collections')
        .array(1000)
        .map((name) => name.string(2000)),
      country: entry.at('country').orNull((code) => code.string(2, 2)),
      thumbnail: entry.at('thumbnail').orNull((picture) => picture.satisfies(isBlob, 'a picture')),
    };
  } catch {
    return 'damaged';
  }
}

/** Bytes of what is stored: the picture, and the rest as text. Never throws, whatever that is. */
export function storedBytes(value: unknown): number {
  const { thumbnail, ...rest } = (value ?? {}) as Partial<StoredEntry>;
  const picture = thumbnail instanceof Blob ? thumbnail.size : 0;
  try {
    return picture + JSON.stringify(rest).length;
  } catch {
    return picture; // no JSON: damaged
  }
}

function readResult(at: Checker): Result {
  const result = at.object();
  const kind = result.at('kind').satisfies(isKind, 'a kind of answer');
  const label = result.at('label').orNull((one) => one.string(500));
  if (kind === 'landmark' && label === null) throw complain('a landmark has no label');
  const probabilities = result.at('kindProbabilities').object();
  const probability = (of: Checker) => of.number(-SLACK, 1 + SLACK);
  return {
    photo: result.at('photo').string(5000, 0),
    kind,
    label,
    confidence: probability(result.at('confidence')),
    candidates: result.at('candidates').array(100).map(readCandidate),
    kindProbabilities: {
      landmark: probability(probabilities.at('landmark')),
      unlisted: probability(probabilities.at('unlisted')),
      'not-landmark': probability(probabilities.at('not-landmark')),
    },
    timings: result.at('timings').satisfies(isTimings, 'times by stage'),
    backend: result.at('backend').string(1000, 0),
  };
}

/** What rounding may add to a probability. */
const SLACK = 1e-6;

function readCandidate(at: Checker): Candidate {
  const candidate = at.object();
  return {
    label: candidate.at('label').string(500),
    similarity: candidate.at('similarity').number(-2, 2),
    votes: candidate.at('votes').number(-Number.MAX_VALUE, Number.MAX_VALUE),
    inliers: candidate.at('inliers').orNull((n) => n.integer(0, Number.MAX_SAFE_INTEGER)),
  };
}

function readFacts(at: Checker): LabelFacts {
  const facts = at.object();
  const title = facts.at('title').object();
  return {
    label: facts.at('label').string(500),
    title: { en: title.at('en').string(5000, 0), zh: title.at('zh').string(5000, 0) },
    country: facts.at('country').orNull((code) => code.string(2, 2)),
    lat: facts.at('lat').orNull((degrees) => degrees.number(-90, 90)),
    lon: facts.at('lon').orNull((degrees) => degrees.number(-180, 180)),
    wikidata: facts.at('wikidata').orNull((item) => item.string(40)),
  };
}

function factsAlone({ label, title, country, lat, lon, wikidata }: LabelFacts): LabelFacts {
  return { label, title: { en: title.en, zh: title.zh }, country, lat, lon, wikidata };
}

function complain(what: string): CairnError {
  return new CairnError('storage-failed', `An entry of the history: ${what}.`, 'Delete the entry.');
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && value.length < 40 && !Number.isNaN(Date.parse(value));
}

function isKind(value: unknown): value is Kind {
  return value === 'landmark' || value === 'unlisted' || value === 'not-landmark';
}

function isBlob(value: unknown): value is Blob {
  return value instanceof Blob;
}

function isTimings(value: unknown): value is Readonly<Record<string, number>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((ms) => typeof ms === 'number' && Number.isFinite(ms))
  );
}
