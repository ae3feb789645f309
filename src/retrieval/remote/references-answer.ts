// Reference views on the wire: as the files of a collection carry them, in one section.
import { decodeViews, encodeViews } from '../reference-section.ts';
import { checker } from '../schema.ts';
import type { StoredReference } from '../search.ts';
import { base64ToBytes, bytesToBase64 } from './base64.ts';
import { badAnswer } from './protocol.ts';

/** Above every honest answer: a view takes about 10 KB, at most 3 MB. */
export const REFERENCES_BYTES = 64 << 20;

export function encodeReferences(references: readonly StoredReference[]): string {
  const views = references.map(({ view }, row) => ({ row, view }));
  return JSON.stringify({
    references: references.map(({ row, label, similarity }) => [row, label, similarity]),
    views: views.length > 0 ? bytesToBase64(encodeViews(views)) : '',
  });
}

/**
 * @param asked labels and how many of each
 * @throws CairnError `collection-invalid`
 */
export function parseReferences(
  value: unknown,
  { labels, most }: { readonly labels: readonly number[]; readonly most: number },
): StoredReference[] {
  const root = checker(value, '', badAnswer).object();
  const listed = root.at('references').array(labels.length * most);
  const bytes = base64ToBytes(root.at('views').string(REFERENCES_BYTES, 0));
  if (!bytes) throw badAnswer('its views are no base64');
  const views = listed.length > 0 ? decodeViews(bytes, listed.length) : [];
  if (views.length !== listed.length) throw badAnswer('a reference has no view');
  const isAsked = (label: unknown): label is number => labels.includes(label as number);
  return listed.map((at, i) => {
    const [row, label, similarity] = at.array(3);
    if (!row || !label || !similarity) throw badAnswer('a reference has not three numbers');
    return {
      row: row.integer(0, 2 ** 31 - 1),
      label: label.satisfies(isAsked, 'a label that was asked for'),
      similarity: similarity.number(-1.001, 1.001),
      view: views[i]!.view,
    };
  });
}
