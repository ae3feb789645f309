// `cairn index … --collection postgres://…`: a collection's folder as a whole, or photos through the queue.
import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { RERANK } from '../../rerank/presets.ts';
import { COLLECTION_FILE, isCollectionName } from '../../retrieval/collection.ts';
import { type PostgresAddress, parseAddress } from '../../retrieval/postgres/address.ts';
import { readEntry } from '../../retrieval/postgres/catalog.ts';
import { Database } from '../../retrieval/postgres/database.ts';
import { importCollection } from '../../retrieval/postgres/import.ts';
import { WorkQueue } from '../../retrieval/postgres/queue.ts';
import { readCollectionFolder } from '../../retrieval/read-folder.ts';
import { unknownPlace } from '../build-collection.ts';
import { DEFAULT_COLLECTION, readLabelFacts } from '../collections.ts';
import { embeddingsOf } from '../encode-photos.ts';
import { readNumber } from '../flags.ts';
import { openModel } from '../models.ts';
import { note, progressLine, usage } from '../output.ts';
import type { ListedPhoto } from '../photo-list.ts';
import { indexWorker } from './index-worker.ts';

export interface IndexIntoOptions {
  readonly name?: string;
  readonly encoder?: string;
  readonly labels?: string;
  readonly licence: string;
  readonly attribution: string;
  readonly created?: string;
  readonly views?: boolean;
  readonly prune?: boolean;
  readonly lease: string;
}

/** Whether a source is a collection that `cairn index` wrote, rather than photos. */
export async function isCollectionFolder(source: string): Promise<boolean> {
  return (await stat(join(source, COLLECTION_FILE)).catch(() => null)) !== null;
}

/** Puts a whole collection in place of the one of that name. @returns what `--json` prints. Throws `collection-*`, `storage-*`. */
export async function importFolder(where: string, source: string, options: IndexIntoOptions) {
  const began = performance.now();
  const address = parseAddress(where);
  const loaded = await readCollectionFolder(source);
  const name = nameFor(address, options, loaded.collection.name);
  const db = new Database(address);
  try {
    const imported = await importCollection(db, loaded, {
      name,
      onProgress: progressLine('import'),
    });
    return { ...imported, seconds: (performance.now() - began) / 1000 };
  } finally {
    await db.close();
  }
}

/**
 * Works on the photos until all are in the collection, together with whoever else does.
 * @returns what `--json` prints. Throws `usage`, `collection-*`, `storage-*`, `model-*`
 */
export async function indexInto(
  where: string,
  photos: readonly ListedPhoto[],
  options: IndexIntoOptions,
) {
  if (options.views) {
    throw usage(
      '--views needs all photos of a label at once, which a worker does not see.',
      'Build a folder with --out and --views, and give that folder as SOURCE.',
    );
  }
  const began = performance.now();
  const leaseSeconds = readNumber('--lease', options.lease, { least: 1, most: 86_400 });
  const address = parseAddress(where);
  const name = nameFor(address, options, DEFAULT_COLLECTION);
  const facts = await readLabelFacts(options.labels);
  const model = await openModel(options.encoder);
  const { info, reranker } = model;
  const { encode } = embeddingsOf(model);
  const db = new Database(address);
  try {
    const labels = [...new Set(photos.map(({ label }) => label))].sort();
    const queue = await WorkQueue.open(
      db,
      {
        name,
        encoder: { id: info.id, weightsSha256: info.weightsSha256 },
        bank: { sha256: reranker.bankSha256 },
        dimension: info.dim,
        licence: options.licence,
        attribution: options.attribution,
        ...(options.created ? { created: options.created } : {}),
      },
      labels.map((label) => facts.get(label) ?? unknownPlace(label)),
      photos,
      { worker: `${hostname()}/${process.pid}/${randomUUID()}`, leaseSeconds },
    );
    const files = new Map(photos.map(({ path, label, file }) => [keyOf({ path, label }), file]));
    const report = await indexWorker({
      queue,
      leaseSeconds,
      fileOf: (photo) => files.get(keyOf(photo)),
      encode,
      bankSimilarity: (embedding) =>
        reranker.bank.similarity(embedding, RERANK.penalty.referenceNeighbours),
      prune: options.prune ?? false,
      onProgress: progressLine('index'),
    });
    for (const { path, reason } of report.skipped) note(`skipped ${path}: ${reason}`);
    const { description, liveRows } = await readEntry(db, name);
    return {
      name,
      labels: description.labels.length,
      photos: liveRows,
      ...report,
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await db.close();
  }
}

/** --name, else the address's ?collection=, else `usual`. */
function nameFor(
  { collection }: PostgresAddress,
  { name }: IndexIntoOptions,
  usual: string,
): string {
  const wanted = name ?? collection ?? usual;
  if (isCollectionName(wanted)) return wanted;
  throw usage(
    `"${wanted}" is no name for a collection.`,
    'Use 1 to 100 letters, digits, spaces, ".", "_" or "-", a letter or digit first.',
  );
}

const keyOf = ({ path, label }: { path: string; label: string }) => `${label}\n${path}`;
