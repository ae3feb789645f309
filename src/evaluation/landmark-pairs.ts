// Pairs of a query and a reference of a gallery, drawn by a seed: of one landmark and of two, to ask whether
// a score tells which is which.

import { seededRandom } from '../random.ts';
import { dot } from '../tensor/dot.ts';
import { shuffle } from '../training/data/sampler.ts';
import { groupBy } from './group.ts';

export interface EmbeddedPhoto {
  readonly label: string;
  /** [dim], L2-normalised. */
  readonly vector: Float32Array;
}

/**
 * `same`: of one label. `hard`: the reference's label is the one that similarity puts first among the wrong
 * ones for the query. `other`: of any further label.
 */
export type DrawnKind = 'same' | 'hard' | 'other';

export interface DrawnPair<P extends EmbeddedPhoto> {
  readonly kind: DrawnKind;
  readonly query: P;
  readonly reference: P;
  /** Of their embeddings. */
  readonly similarity: number;
}

export interface DrawOptions {
  readonly positives: number;
  /** Half of them hard. */
  readonly negatives: number;
  readonly seed: number;
}

/**
 * Goes round all queries, in an order of its own for each kind, and gives each another reference every round, so
 * that no pair comes twice and no query much more often than others. Queries whose label the gallery lacks are
 * left out. Fewer come out where there are no more.
 */
export function drawLandmarkPairs<P extends EmbeddedPhoto>(
  queries: readonly P[],
  gallery: readonly P[],
  { positives, negatives, seed }: DrawOptions,
): DrawnPair<P>[] {
  const byLabel = groupBy(gallery, (photo) => photo.label);
  const asked = queries.filter((query) => byLabel.has(query.label));
  const labels = [...byLabel.keys()];
  const hardest = new Map(asked.map((query) => [query, firstWrongLabel(query, gallery)]));
  const hard = Math.floor(negatives / 2);
  const draw = (kind: DrawnKind, count: number, lot: number, of: ReferencesOf<P>) =>
    goRound(asked, count, seededRandom(seed * KINDS + lot), of).map(
      ([query, reference]): DrawnPair<P> => ({
        kind,
        query,
        reference,
        similarity: dot(query.vector, reference.vector),
      }),
    );
  return [
    ...draw('same', positives, 0, (query, random) => shuffled(byLabel.get(query.label)!, random)),
    ...draw('hard', hard, 1, (query, random) =>
      shuffled(byLabel.get(hardest.get(query) ?? '') ?? [], random),
    ),
    // One photo of each further label: as many rounds as a draw can need.
    ...draw('other', negatives - hard, 2, (query, random) =>
      shuffled(
        labels.filter((label) => label !== query.label && label !== hardest.get(query)),
        random,
      ).map((label) => pick(byLabel.get(label)!, random)),
    ),
  ];
}

const KINDS = 3;

type ReferencesOf<P> = (query: P, random: () => number) => readonly P[];

function goRound<P>(
  queries: readonly P[],
  count: number,
  random: () => number,
  referencesOf: ReferencesOf<P>,
): [query: P, reference: P][] {
  const lists = shuffled(queries, random).map(
    (query) => [query, referencesOf(query, random)] as const,
  );
  const pairs: [P, P][] = [];
  for (let round = 0; lists.some(([, references]) => round < references.length); round++) {
    for (const [query, references] of lists) {
      const reference = references[round];
      if (reference === undefined) continue;
      if (pairs.length === count) return pairs;
      pairs.push([query, reference]);
    }
  }
  return pairs;
}

/** The label of the most similar reference that is not of the query's own; null where there is none. */
function firstWrongLabel<P extends EmbeddedPhoto>(query: P, gallery: readonly P[]): string | null {
  let [best, label]: [number, string | null] = [Number.NEGATIVE_INFINITY, null];
  for (const reference of gallery) {
    if (reference.label === query.label) continue;
    const similarity = dot(query.vector, reference.vector);
    if (similarity > best) [best, label] = [similarity, reference.label];
  }
  return label;
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)]!;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const out = [...items];
  shuffle(out, random);
  return out;
}
