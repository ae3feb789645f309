// Small collections that the retrieval tests share, all of seeded numbers.

import { parseCollection } from '../../src/retrieval/collection.ts';
import type { LoadedCollection } from '../../src/retrieval/loaded.ts';
import { openShard } from '../../src/retrieval/shard.ts';
import {
  type CollectionFile,
  type CollectionHead,
  type CollectionRow,
  type WriteOptions,
  writeCollection,
} from '../../src/retrieval/writer.ts';

/** Uniform numbers in 0..1 from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Unit vectors, row-major [rows × dim]. */
export function randomUnits(rows: number, dim: number, seed: number): Float32Array {
  const random = seeded(seed);
  const vectors = Float32Array.from({ length: rows * dim }, () => random() * 2 - 1);
  for (let row = 0; row < rows; row++) {
    const vector = vectors.subarray(row * dim, (row + 1) * dim);
    const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    for (let i = 0; i < dim; i++) vector[i]! /= length;
  }
  return vectors;
}

export const HEX = (digit: string): string => digit.repeat(64);

export function headOf(labels: number, dimension: number): CollectionHead {
  return {
    name: 'test',
    encoder: { id: 'encoder-a', weightsSha256: HEX('a') },
    bank: { sha256: HEX('b') },
    dimension,
    licence: 'CC-BY-4.0',
    attribution: 'Drawn by a test',
    created: '2025-01-31T12:00:00.000Z',
    labels: Array.from({ length: labels }, (_, i) => ({
      label: `place_${i}`,
      title: { en: `Place ${i}`, zh: `地点 ${i}` },
      country: i % 2 ? 'FR' : null,
      lat: i % 2 ? 48.85 : null,
      lon: i % 2 ? 2.29 : null,
      wikidata: i % 2 ? `Q${i + 1}` : null,
    })),
  };
}

export function rowsOf(count: number, labels: number, dim: number, seed: number): CollectionRow[] {
  const vectors = randomUnits(count, dim, seed);
  const random = seeded(seed + 7);
  return Array.from({ length: count }, (_, i) => ({
    embedding: vectors.subarray(i * dim, (i + 1) * dim),
    label: i % labels,
    bankSimilarity: Math.fround(random() - 0.5),
    source: Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256)),
  }));
}

export async function filesOf(
  head: CollectionHead,
  rows: readonly CollectionRow[],
  options: WriteOptions = {},
): Promise<CollectionFile[]> {
  const files: CollectionFile[] = [];
  for await (const file of writeCollection(head, rows, options)) files.push(file);
  return files;
}

export async function loadFiles(files: readonly CollectionFile[]): Promise<LoadedCollection> {
  const collection = parseCollection(files.at(-1)!.bytes);
  const expected = { dim: collection.dimension, labels: collection.labels.length };
  const shards = await Promise.all(
    collection.shards.map((entry, i) => openShard(files[i]!.bytes, entry, expected)),
  );
  return { collection, shards };
}
