// Search over HTTP, as both ends see it: addresses, bodies, bounds. docs/serve.md is the specification.
//
// Bodies are JSON. Embeddings travel as base64 of float32, little-endian: 1.4 bytes for each of four, where decimal
// numbers take eleven, and exactly what was computed.
import { CairnError } from '../../errors.ts';
import type { CollectionDescription } from '../description.ts';
import { checkPlaceFilter, type PlaceFilter } from '../place-filter.ts';
import { type Checker, checker } from '../schema.ts';
import type { Neighbour, SearchEngine, SearchOptions, SearchResult } from '../search.ts';
import { fromBase64, toBase64 } from './base64.ts';

export const PROTOCOL_VERSION = 1;

/** Below the address of the service. */
export const ROUTES = {
  collection: 'v1/collection',
  search: 'v1/search',
  references: 'v1/references',
} as const;

/** What a service answers at most; more is refused. */
export const REMOTE_LIMITS = {
  k: 1000,
  vectors: 100,
  /** Of `references`. */
  labels: 50,
  references: 20,
  /** Of a filter: every country there is. */
  countries: 250,
} as const;

/** Codes that only the service uses, beside those of Cairn. */
export type ServiceCode = 'busy' | 'too-large' | 'not-found' | CairnError['code'];

/** The body of every answer that is no success. */
export interface ServiceError {
  readonly error: { readonly code: ServiceCode; readonly message: string; readonly remedy: string };
}

/** A question for neighbours. */
export interface SearchRequest {
  /** `identityOf` the collection. */
  readonly identity: string;
  readonly query: Float32Array;
  readonly options: Pick<SearchOptions, 'k' | 'vectors' | 'means' | 'engine' | 'where'>;
}

/** A question for reference views. */
export interface ReferencesRequest {
  readonly identity: string;
  readonly query: Float32Array;
  readonly labels: readonly number[];
  readonly most: number;
}

/** Bytes of the longest body that is a valid question about embeddings of `dim` numbers. */
export function requestBytes(dim: number): number {
  const base64 = 4 * Math.ceil((4 * dim) / 3);
  return base64 + Math.max(12 * REMOTE_LIMITS.labels, 5 * REMOTE_LIMITS.countries) + 1024;
}

export function encodeSearchRequest({ identity, query, options }: SearchRequest): string {
  const { k, vectors, means, engine, where } = options;
  return JSON.stringify({ identity, query: toBase64(query), k, vectors, means, engine, where });
}

export function encodeReferencesRequest(request: ReferencesRequest): string {
  return JSON.stringify({ ...request, query: toBase64(request.query) });
}

/** @throws CairnError `usage` naming what is wrong */
export function parseSearchRequest(body: Uint8Array, dim: number): SearchRequest {
  const { fields, identity, query } = parseQuestion(body, dim, [
    'identity',
    'query',
    'k',
    'vectors',
    'means',
    'engine',
    'where',
  ]);
  const vectors = fields.at('vectors');
  const means = fields.at('means');
  const engine = fields.at('engine');
  const where = fields.at('where');
  return {
    identity,
    query,
    options: {
      k: fields.at('k').integer(1, REMOTE_LIMITS.k),
      ...(vectors.absent ? {} : { vectors: vectors.integer(0, REMOTE_LIMITS.vectors) }),
      ...(means.absent ? {} : { means: means.satisfies(isBoolean, 'true or false') }),
      ...(engine.absent ? {} : { engine: engine.satisfies(isEngine, '"hnsw" or "exact"') }),
      ...(where.absent ? {} : { where: readFilter(where) }),
    },
  };
}

/** @throws CairnError `usage` naming what is wrong */
export function parseReferencesRequest(body: Uint8Array, dim: number): ReferencesRequest {
  const { fields, identity, query } = parseQuestion(body, dim, [
    'identity',
    'query',
    'labels',
    'most',
  ]);
  return {
    identity,
    query,
    labels: fields
      .at('labels')
      .array(REMOTE_LIMITS.labels)
      .map((label) => label.integer(0, MAX_INT32)),
    most: fields.at('most').integer(1, REMOTE_LIMITS.references),
  };
}

function readFilter(at: Checker): PlaceFilter {
  const fields = at.object();
  const [countries, near] = [fields.at('countries'), fields.at('near')];
  const filter: PlaceFilter = {
    ...(countries.absent
      ? {}
      : { countries: countries.array(REMOTE_LIMITS.countries).map((code) => code.string(2, 2)) }),
    ...(near.absent ? {} : { near: readPoint(near) }),
  };
  checkPlaceFilter(filter);
  return filter;
}

function readPoint(at: Checker): NonNullable<PlaceFilter['near']> {
  const point = at.object();
  return {
    lat: point.at('lat').number(-90, 90),
    lon: point.at('lon').number(-180, 180),
    km: point.at('km').number(0, 50_000),
  };
}

export function encodeSearchResult({ neighbours, vectors, means, engine }: SearchResult): string {
  return JSON.stringify({
    engine,
    neighbours: neighbours.map(({ row, label, similarity, bankSimilarity }) => [
      row,
      label,
      similarity,
      bankSimilarity,
    ]),
    vectors: toBase64(vectors),
    ...(means ? { means: [...means] } : {}),
  });
}

/**
 * @param asked what the answer is to
 * @throws CairnError `collection-invalid`
 */
export function parseSearchResult(
  value: unknown,
  asked: SearchOptions,
  { dimension, labels }: CollectionDescription,
): SearchResult {
  const root = checker(value, '', badAnswer).object();
  const label = labels.length - 1;
  const neighbours = root
    .at('neighbours')
    .array(asked.k)
    .map((at): Neighbour => {
      const numbers = at.array(4);
      if (numbers.length !== 4) throw badAnswer('a neighbour has not four numbers');
      const [row, place, similarity, bank] = numbers;
      return {
        row: row!.integer(0, MAX_INT32),
        label: place!.integer(0, label),
        similarity: similarity!.number(-COSINE, COSINE),
        bankSimilarity: bank!.number(-COSINE, COSINE),
      };
    });
  const sorted = neighbours.every(
    (n, i) => i === 0 || neighbours[i - 1]!.similarity >= n.similarity,
  );
  if (!sorted) throw badAnswer('its neighbours are not in order');
  const vectors = fromBase64(
    root.at('vectors').string(4 * Math.ceil((4 * REMOTE_LIMITS.vectors * dimension) / 3) + 4, 0),
  );
  const given = Math.min(asked.vectors ?? 0, neighbours.length);
  if (vectors?.length !== given * dimension || !vectors.every(Number.isFinite)) {
    throw badAnswer(`it should have ${given} embeddings`);
  }
  const means = root.at('means');
  return {
    neighbours,
    vectors,
    ...(asked.means && !means.absent
      ? {
          means: new Map(
            means.array(labels.length).map((at) => {
              const [place, cosine] = at.array(2);
              if (!place || !cosine) throw badAnswer('a mean has not two numbers');
              return [place.integer(0, label), cosine.number(-COSINE, COSINE)];
            }),
          ),
        }
      : {}),
    engine: root.at('engine').satisfies(isEngine, '"hnsw" or "exact"'),
  };
}

export function badAnswer(what: string, cause?: unknown): CairnError {
  return new CairnError(
    'collection-invalid',
    `The answer of the collection's service cannot be used: ${what}.`,
    'Check the address; tell whoever runs the service.',
    { cause },
  );
}

const MAX_INT32 = 2 ** 31 - 1;
/** Rounding may move a cosine a little beyond one. */
const COSINE = 1.001;
/** An embedding has unit length up to rounding, and a query made of several is normalised again. */
const UNIT_TOLERANCE = 0.01;

function parseQuestion(body: Uint8Array, dim: number, known: readonly string[]) {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw badQuestion('it is no JSON text', cause);
  }
  const fields = checker(value, '', badQuestion).object();
  // A misspelt field would otherwise be a silent default.
  const stray = Object.keys(value as object).find((key) => !known.includes(key));
  if (stray !== undefined)
    throw badQuestion(`it has the unknown field ${JSON.stringify(stray.slice(0, 40))}`);
  const text = fields.at('query').string(4 * Math.ceil((4 * dim) / 3) + 4);
  const query = fromBase64(text);
  if (query?.length !== dim) throw badQuestion(`query is no base64 of ${dim} float32 numbers`);
  const length = Math.sqrt(query.reduce((sum, x) => sum + x * x, 0));
  // NaN and infinity fail here too.
  if (!(Math.abs(length - 1) < UNIT_TOLERANCE)) throw badQuestion('query has not unit length');
  return { fields, query, identity: fields.at('identity').string(64, 64) };
}

function badQuestion(what: string, cause?: unknown): CairnError {
  return new CairnError(
    'usage',
    `The question cannot be answered: ${what}.`,
    'See docs/serve.md for what the service takes.',
    { cause },
  );
}

const isBoolean = (v: unknown): v is boolean => typeof v === 'boolean';
const isEngine = (v: unknown): v is SearchEngine => v === 'hnsw' || v === 'exact';
