// What the tests of PostgreSQL share with the worker process that they start.
import { readdir } from 'node:fs/promises';
import type { Database } from '../../src/retrieval/postgres/database.ts';
import { type QueueOptions, WorkQueue } from '../../src/retrieval/postgres/queue.ts';
import { headOf, randomUnits } from './retrieval-fixtures.ts';

export const DIM = 16;
const LABELS = 3;

/** A unit vector that depends on the bytes alone, as an embedding does. */
export function vectorOf(bytes: Uint8Array): Float32Array {
  return randomUnits(1, DIM, Number(new TextDecoder().decode(bytes).replace(/\D/g, '')));
}

/** All files of the folder, shared out among {@link LABELS} labels by their order. */
export async function openTestQueue(
  db: Database,
  folder: string,
  options: QueueOptions,
): Promise<WorkQueue> {
  const { labels, ...head } = headOf(LABELS, DIM);
  const photos = (await readdir(folder))
    .sort()
    .map((path, i) => ({ path, label: labels[i % LABELS]!.label }));
  return WorkQueue.open(db, { ...head, name: 'queued' }, labels, photos, options);
}
