// What fills this page's storage, part by part, and what of it nothing needs.
import { type Collection, collectionBytes, parseCollection } from '../../retrieval/collection.ts';
import { GRAPH_KEYS, graphGroups, groupSha256 } from '../../retrieval/graph-rows.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { isTaught, TAUGHT_KEYS } from '../../retrieval/taught-collection.ts';
import { TUNING_KEYS } from '../../training/tuning/trainer-keep.ts';
import { findEncoder, findEnsemble } from '../../weights/load-registry.ts';
import type { Registry, VerifiedFile } from '../../weights/registry.ts';
import { HISTORY_KEYS, storedBytes } from '../history/record.ts';
import { sizesHere } from './unfinished.ts';

export const STORAGE_PARTS = [
  'models',
  'collections',
  'taught',
  'history',
  'graphs',
  'needless',
] as const;
export type StoragePart = (typeof STORAGE_PARTS)[number];

export interface StorageUse {
  /** Bytes. `taught`: its collection, copies of photos and tunings; `needless`: what {@link Leftovers} are. */
  readonly parts: Readonly<Record<StoragePart, number>>;
  /** What the browser counts, which compresses and rounds in its own way; null where it does not say. */
  readonly used: number | null;
  readonly quota: number | null;
  /** Whether the browser keeps it for good; null where it does not say. */
  readonly kept: boolean | null;
}

/** What nothing needs any more. */
export interface Leftovers {
  readonly files: readonly string[];
  readonly partials: readonly string[];
  /** Keys of values. */
  readonly graphs: readonly string[];
}

export interface MeasureParts {
  readonly store: CairnStore;
  /** Null until the registry has been read: then no file counts as needless. */
  readonly models: readonly VerifiedFile[] | null;
  /** Hashes of files that are being downloaded. */
  readonly expected: ReadonlySet<string>;
}

/** Every file that a registry, or a part of it, names. */
export function filesOf(registry: object): VerifiedFile[] {
  const found: VerifiedFile[] = [];
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { file, bytes, sha256 } = node as Partial<VerifiedFile>;
    if (typeof file === 'string' && typeof bytes === 'number' && typeof sha256 === 'string') {
      found.push({ file, bytes, sha256 });
    } else for (const child of Object.values(node)) look(child);
  };
  look(registry);
  return found;
}

/**
 * The files that recognition cannot do without, which are downloaded at the first visit. The matcher is not among them:
 * where there is no room for it, photos get their verdicts all the same.
 */
export function neededFiles(registry: Registry): VerifiedFile[] {
  const ensemble = findEnsemble(registry);
  const ids = ensemble?.members.map(({ encoder }) => encoder) ?? [registry.defaultEncoder];
  const encoders = ids.map((id) => findEncoder(registry, id));
  return filesOf([ensemble, encoders]);
}

/** Bytes of files that the store lacks. Throws `storage-failed`. */
export async function missingBytes(
  files: readonly Pick<VerifiedFile, 'sha256' | 'bytes'>[],
  store: CairnStore,
): Promise<number> {
  const here = await sizesHere(store);
  return files.reduce((sum, file) => sum + file.bytes - here(file), 0);
}

/** Sizes of values never change under their keys: each is read once a visit. */
const sizes = new Map<string, number>();

/** Reads values one at a time. Throws `storage-failed`. */
export async function measureParts({
  store,
  models,
  expected,
}: MeasureParts): Promise<{ parts: StorageUse['parts']; leftovers: Leftovers }> {
  const parts = { models: 0, collections: 0, taught: 0, history: 0, graphs: 0, needless: 0 };
  const shards = new Set<string>();
  const needed = new Set<string>();
  for (const { name, json, files } of await store.listCollections()) {
    const part = isTaught(name) ? 'taught' : 'collections';
    const collection = readable(json);
    parts[part] += json.length + (collection ? collectionBytes(collection) : 0);
    for (const graph of collection ? graphsOf(collection) : []) needed.add(graph);
    for (const file of files) shards.add(file);
  }
  const known = new Map(models?.map(({ sha256, bytes }) => [sha256, bytes]));
  const leftovers = { files: [] as string[], partials: [] as string[], graphs: [] as string[] };
  for (const sha256 of await store.listFiles()) {
    if (shards.has(sha256)) continue;
    const needed = models === null || known.has(sha256) || expected.has(sha256);
    if (!needed) leftovers.files.push(sha256);
    parts[needed ? 'models' : 'needless'] += known.get(sha256) ?? (await fileSize(sha256, store));
  }
  for (const { sha256, bytes } of await store.listPartials()) {
    const needed = models === null || known.has(sha256) || expected.has(sha256);
    if (!needed) leftovers.partials.push(sha256);
    parts[needed ? 'models' : 'needless'] += bytes;
  }
  for (const key of await store.listValues(GRAPH_KEYS)) {
    const kept = needed.has(hashOf(key));
    if (!kept) leftovers.graphs.push(key);
    parts[kept ? 'graphs' : 'needless'] += await valueSize(key, store);
  }
  for (const prefix of [TAUGHT_KEYS, TUNING_KEYS]) {
    for (const key of await store.listValues(prefix)) parts.taught += await valueSize(key, store);
  }
  for (const [, value] of await store.getValues(HISTORY_KEYS)) parts.history += storedBytes(value);
  return { parts, leftovers };
}

/** Removes what {@link measureParts} found to be needless. Throws `storage-failed`. */
export async function dropLeftovers(store: CairnStore, leftovers: Leftovers): Promise<void> {
  for (const sha256 of leftovers.files) await store.deleteFile(sha256);
  for (const sha256 of leftovers.partials) await store.deletePartial(sha256);
  for (const key of leftovers.graphs) await store.deleteValue(key);
}

/** What the graphs of a collection are kept under. */
export function graphsOf({ shards, dimension }: Collection): string[] {
  return graphGroups(shards, dimension).map(groupSha256);
}

/** Removes those of the graphs that no collection has any more. @param graphs as {@link graphsOf} gives them */
export async function dropGraphs(store: CairnStore, graphs: readonly string[]): Promise<void> {
  const left = (await store.listCollections()).flatMap(({ json }) => readable(json) ?? []);
  const needed = new Set(left.flatMap(graphsOf));
  const gone = new Set(graphs.filter((graph) => !needed.has(graph)));
  for (const key of await store.listValues(GRAPH_KEYS)) {
    if (gone.has(hashOf(key))) await store.deleteValue(key);
  }
}

function hashOf(key: string): string {
  return key.split('/').at(-1) ?? '';
}

export async function estimated(): Promise<Pick<StorageUse, 'used' | 'quota' | 'kept'>> {
  const { storage } = navigator;
  const estimate = await storage?.estimate?.().catch(() => null);
  const kept = await storage?.persisted?.().catch(() => null);
  return { used: estimate?.usage ?? null, quota: estimate?.quota ?? null, kept: kept ?? null };
}

/** Null for one that is damaged: what belongs to it is not known then. */
export function readable(json: Uint8Array): Collection | null {
  try {
    return parseCollection(json);
  } catch {
    return null;
  }
}

async function fileSize(sha256: string, store: CairnStore): Promise<number> {
  const known = sizes.get(sha256);
  if (known !== undefined) return known;
  const size = (await store.getFile(sha256))?.length ?? 0;
  sizes.set(sha256, size);
  return size;
}

async function valueSize(key: string, store: CairnStore): Promise<number> {
  const known = sizes.get(key);
  if (known !== undefined) return known;
  const size = bytesIn(await store.getValue(key));
  // A tuning is written again and again under its key.
  if (!key.startsWith(TUNING_KEYS)) sizes.set(key, size);
  return size;
}

/** Bytes of the blobs and arrays in a value; the rest is nothing beside them. */
export function bytesIn(value: unknown): number {
  if (value instanceof Blob) return value.size;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, child) => sum + bytesIn(child), 0);
}
