// Which of the references that something is kept of are worth asking for: a label's most similar ones.
import type { StoredReference } from './search.ts';

/** A reference photo that has a view, before that is decoded. */
export type ViewedReference = Omit<StoredReference, 'view'>;

/**
 * Of each label the most similar references, in the order given; of equally similar ones the first.
 * @param most of a label
 */
export function nearestOfLabels<R extends ViewedReference>(
  references: readonly R[],
  most: number,
): readonly R[] {
  const taken = new Map<number, number>();
  const chosen = new Set<R>();
  for (const reference of [...references].sort((a, b) => b.similarity - a.similarity)) {
    const before = taken.get(reference.label) ?? 0;
    if (before === most) continue;
    taken.set(reference.label, before + 1);
    chosen.add(reference);
  }
  return references.filter((reference) => chosen.has(reference));
}
