// Collections of a few rows that keep reference views, and an index over them, for tests of verification.

import type { ReferenceView } from '../../src/matching/reference-view.ts';
import { IndexService } from '../../src/retrieval/index-service.ts';
import type { LoadedCollection } from '../../src/retrieval/loaded.ts';
import { MemoryStore } from '../../src/retrieval/memory-store.ts';
import type { StoredReference } from '../../src/retrieval/search.ts';
import type { CollectionRow } from '../../src/retrieval/writer.ts';
import { filesOf, HEX, headOf, loadFiles } from './retrieval-fixtures.ts';

/** A view that says by its number of cells how many points the matcher finds. */
export function viewOf(points: number): ReferenceView {
  return {
    original: { width: 1000, height: 500 },
    shrunk: { width: 500, height: 250 },
    cells: new Uint8Array(2 * points),
    channels: 1,
    tokens: new Float32Array(points),
  };
}

export const reference = (label: number, row: number, points: number): StoredReference => ({
  label,
  row,
  similarity: 0.9 - 0.01 * row,
  view: viewOf(points),
});

export const DIM = 4;
/** Near to the first axis, the more the closer `away` is to 0. */
export const near = (away: number): Float32Array =>
  Float32Array.of(Math.cos(away), Math.sin(away), 0, 0);
export const row = (label: number, away: number, points?: number): CollectionRow => ({
  embedding: near(away),
  label,
  bankSimilarity: 0,
  view: points === undefined ? undefined : viewOf(points),
});

/** In shards of about three rows. */
export async function loadedRows(
  rows: readonly CollectionRow[],
  labels: number,
): Promise<LoadedCollection> {
  const matcher = { id: 'm', weightsSha256: HEX('c') };
  const head = { ...headOf(labels, DIM), matcher };
  return loadFiles(await filesOf(head, rows, { maxShardBytes: 1024 + 400 }));
}

export async function openIndex(
  rows: readonly CollectionRow[],
  labels: number,
): Promise<IndexService> {
  const index = new IndexService({ store: new MemoryStore(), graphs: 'lazy' });
  await index.open({ kind: 'loaded', loaded: await loadedRows(rows, labels) });
  return index;
}
