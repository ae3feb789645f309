// A query's best candidates, matched one after another: shared by evaluation and by the re-ranker's table.

import type { ReferenceView } from '../matching/reference-view.ts';
import type { VerificationPreset } from '../rerank/presets.ts';
import type { RerankTrace } from '../rerank/rerank.ts';
import { type ViewMatch, viewsToVerify } from '../rerank/verification.ts';
import { encodeViews } from '../retrieval/reference-section.ts';
import { dot } from '../tensor/dot.ts';
import { sha256Sync } from '../weights/sha256.ts';
import type { PairEvidence } from './pair-matcher.ts';

/** A reference that the query may be matched with. */
export interface CandidateReference {
  readonly row: number;
  readonly label: number;
  /** [dim], L2-normalised. */
  readonly vector: Float32Array;
}

/** What a collection keeps of a photo. */
export interface NamedView {
  readonly view: ReferenceView;
  /** Changes with everything in it. */
  readonly name: string;
}

export function namedView(view: ReferenceView): NamedView {
  return { view, name: sha256Sync(encodeViews([{ row: 0, view }])) };
}

/**
 * What matching the best candidates gave, in the order of matching. Nothing stops early: constants are chosen
 * by all of it.
 * @param references in the order of rows
 * @param match null where the query's own photo is the reference, which matches it wholly
 */
export async function matchCandidates<R extends CandidateReference>(
  { vector, trace }: { readonly vector: Float32Array; readonly trace: RerankTrace },
  references: readonly R[],
  preset: VerificationPreset,
  match: (reference: R) => Promise<PairEvidence | null>,
): Promise<ViewMatch[]> {
  const candidates = new Set(trace.ranked.slice(0, preset.labels).map(({ label }) => label));
  const similar = references
    .filter(({ label }) => candidates.has(label))
    .map((reference) => ({
      reference,
      label: reference.label,
      row: reference.row,
      similarity: dot(vector, reference.vector),
    }));
  const found: ViewMatch[] = [];
  for (const { reference, ...view } of viewsToVerify(trace.ranked, similar, preset)) {
    const evidence = await match(reference);
    const {
      matches,
      inliers,
      spreadA: spread,
    } = evidence ?? { matches: Infinity, inliers: Infinity, spreadA: 1 };
    found.push({ ...view, matches, inliers, spread });
  }
  return found;
}
