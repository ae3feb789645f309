// Several open collections searched as one: neighbours merge before anything votes or decides.
import type { MatcherIdentity } from './collection.ts';
import type { CollectionLabel } from './labels.ts';
import { nearestOfLabels } from './nearest-references.ts';
import type {
  CollectionSearch,
  Neighbour,
  ReferenceSource,
  SearchOptions,
  SearchResult,
} from './search.ts';

export interface JoinedLabels {
  readonly labels: readonly CollectionLabel[];
  /** For each collection, the place in `labels` of each of its own labels. */
  readonly places: readonly (readonly number[])[];
}

/** Labels of several collections in one list; a label that comes twice is one, with all its photos. */
export function joinLabels(collections: readonly (readonly CollectionLabel[])[]): JoinedLabels {
  const labels: CollectionLabel[] = [];
  const at = new Map<string, number>();
  const places = collections.map((list) =>
    list.map((label) => {
      const known = at.get(label.label);
      if (known === undefined) {
        at.set(label.label, labels.length);
        return labels.push(label) - 1;
      }
      const first = labels[known]!;
      labels[known] = { ...first, photos: first.photos + label.photos };
      return known;
    }),
  );
  return { labels, places };
}

export interface SearchPart {
  readonly search: CollectionSearch;
  /** Place in the joined list of each of its labels. */
  readonly places: readonly number[];
}

interface Found {
  readonly neighbour: Neighbour;
  readonly vector: Float32Array | null;
}

/**
 * Rows are counted through the parts in their order. `engine` of the result is `exact` where every row of every part was
 * compared. All parts hold embeddings of one encoder.
 */
export function joinSearches(parts: readonly SearchPart[]): CollectionSearch {
  const dim = parts[0]?.search.dim ?? 0;
  const starts = parts.map((_, i) =>
    parts.slice(0, i).reduce((n, { search }) => n + search.rows, 0),
  );
  return {
    dim,
    rows: parts.reduce((n, { search }) => n + search.rows, 0),
    async search(query: Float32Array, options: SearchOptions): Promise<SearchResult> {
      const results = await Promise.all(parts.map(({ search }) => search.search(query, options)));
      const found = results.flatMap(({ neighbours, vectors }, part) =>
        neighbours.map((neighbour, i): Found => {
          const { row, label } = neighbour;
          const end = (i + 1) * dim;
          return {
            neighbour: {
              ...neighbour,
              row: row + starts[part]!,
              label: parts[part]!.places[label]!,
            },
            vector: end <= vectors.length ? vectors.subarray(end - dim, end) : null,
          };
        }),
      );
      // Stable: ties stay in the order of the parts, and within one in its own, which need not be by rows where a
      // service gives it. So the first n of the whole are among the first n of their parts.
      found.sort((a, b) => b.neighbour.similarity - a.neighbour.similarity);
      const best = found.slice(0, options.k);
      const given = best.slice(0, options.vectors ?? 0);
      const vectors = new Float32Array(given.length * dim);
      const means = new Map<number, number>();
      for (const [part, { means: own }] of results.entries()) {
        for (const [label, similarity] of own ?? []) {
          const place = parts[part]!.places[label]!;
          // A label of two parts has two means: the nearer one counts.
          means.set(place, Math.max(similarity, means.get(place) ?? -1));
        }
      }
      // Each part gives the embeddings of its own first n (see `SearchResult.vectors`), so each is there.
      for (const [i, { vector }] of given.entries()) vectors.set(vector!, i * dim);
      return {
        neighbours: best.map(({ neighbour }) => neighbour),
        vectors,
        ...(options.means ? { means } : {}),
        engine: results.some(({ engine }) => engine === 'hnsw') ? 'hnsw' : 'exact',
      };
    },
  };
}

export interface ReferencePart {
  /** Null where nothing is kept for matching. */
  readonly source: ReferenceSource | null;
  /** As in {@link SearchPart}. */
  readonly places: readonly number[];
  /** Rows of the parts before it. */
  readonly start: number;
}

/**
 * What several collections keep for matching, by the joined labels and rows. Features of two matchers cannot be
 * compared: those answer that hold features of one.
 * @param wanted the matcher in use; left out, that of the first part that keeps anything
 * @returns null where none keeps anything for it
 */
export function joinReferences(
  parts: readonly ReferencePart[],
  wanted?: MatcherIdentity,
): ReferenceSource | null {
  const matcher = wanted ?? parts.find(({ source }) => source)?.source?.matcher;
  if (!matcher) return null;
  const fitting = parts.flatMap(({ source, ...part }) =>
    source && isSame(source.matcher, matcher) ? [{ ...part, source }] : [],
  );
  if (fitting.length === 0) return null;
  return {
    matcher,
    references: async (query, labels, most) => {
      const found = await Promise.all(
        fitting.map(async ({ source, places, start }) => {
          const own = labels.map((label) => places.indexOf(label)).filter((label) => label >= 0);
          if (own.length === 0) return [];
          const references = await source.references(query, own, most);
          return references.map((reference) => ({
            ...reference,
            row: reference.row + start,
            label: places[reference.label]!,
          }));
        }),
      );
      const all = found.flat();
      // A label of two collections has so many of each.
      const chosen = new Set(nearestOfLabels(all, most));
      return all.filter((reference) => chosen.has(reference));
    },
  };
}

function isSame(a: MatcherIdentity, b: MatcherIdentity): boolean {
  return a.id === b.id && a.weightsSha256 === b.weightsSha256;
}
