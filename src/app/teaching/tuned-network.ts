// A tuned network in use: beside the encoder, with a collection of what was taught as it embeds it.
import type { Remote } from '../../bridge/worker-bridge.ts';
import type { EncoderService } from '../../inference/encoder-service.ts';
import type { LongWork } from '../../progress.ts';
import { NonLandmarkBank } from '../../rerank/non-landmark-bank.ts';
import { RERANK } from '../../rerank/presets.ts';
import type { EncoderIdentity } from '../../retrieval/collection.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import {
  readTaught,
  type TaughtHead,
  type TaughtLabel,
  type TaughtRow,
  TUNED_PREFIX,
  tunedCollection,
  writeTaught,
} from '../../retrieval/taught-collection.ts';
import { type Slice, sliceRows } from '../../retrieval/tuned-space.ts';
import { tunedId } from '../../training/tuning/tuned-network.ts';
import { findEncoder, findEnsemble } from '../../weights/load-registry.ts';
import type { EncoderEntry, Registry } from '../../weights/registry.ts';
import { sha256Hex } from '../../weights/sha256.ts';
import { locked } from './locks.ts';
import { pictureOf } from './pictures.ts';

/** The network that can be tuned, and where its own embedding lies in that of the encoder. */
export interface TunableNetwork {
  readonly entry: EncoderEntry;
  readonly slice: Slice;
}

/** The default encoder; of an ensemble the member that weighs most. Throws `model-missing`. */
export function tunableNetwork(registry: Registry): TunableNetwork {
  const ensemble = findEnsemble(registry);
  if (!ensemble) {
    const entry = findEncoder(registry);
    return { entry, slice: { from: 0, dim: entry.dim } };
  }
  let from = 0;
  const members = ensemble.members.map(({ encoder, weight }) => {
    const entry = findEncoder(registry, encoder);
    const member = { entry, weight, slice: { from, dim: entry.dim } };
    from += entry.dim;
    return member;
  });
  const largest = ({ entry }: (typeof members)[number]) => Math.max(...entry.input.views);
  const { entry, slice } = members.reduce((most, member) =>
    member.weight > most.weight ||
    (member.weight === most.weight && largest(member) > largest(most))
      ? member
      : most,
  );
  return { entry, slice };
}

export interface TunedNetworkParts extends TunableNetwork {
  readonly store: CairnStore;
  readonly encoder: Pick<Remote<EncoderService>, 'useTuned' | 'encodeTuned'>;
  /** As shipped, of the encoder's whole embedding. */
  readonly bank: NonLandmarkBank;
  readonly bankSha256: string;
}

export class TunedNetwork {
  /** As its collection names it. */
  readonly identity: EncoderIdentity & { readonly dim: number };
  /** Name of its collection in the store. */
  readonly collection: string;
  /** Non-landmark photos as the network saw them before it was tuned. */
  readonly bank: NonLandmarkBank;
  readonly #parts: TunedNetworkParts;

  private constructor(sha256: string, parts: TunedNetworkParts) {
    const { entry, slice, bank } = parts;
    this.#parts = parts;
    this.identity = { id: tunedId(entry), weightsSha256: sha256, dim: slice.dim };
    this.collection = tunedCollection(sha256);
    this.bank = new NonLandmarkBank(sliceRows(bank.rows, bank.dim, slice), slice.dim);
  }

  /**
   * Puts it beside the encoder, tested.
   * @throws CairnError `model-invalid` for another encoder's, `inference-failed`, `worker-crashed`
   */
  static async open(
    bytes: Uint8Array<ArrayBuffer>,
    parts: TunedNetworkParts,
  ): Promise<TunedNetwork> {
    await parts.encoder.useTuned({ entry: parts.entry, bytes }, {});
    return new TunedNetwork(await sha256Hex(bytes), parts);
  }

  /**
   * Brings its collection to what is taught: embeds the photos that it lacks from their stored copies,
   * drops those that are gone, and writes all in one swap; nothing where nothing changed. So a page that
   * is closed meanwhile goes on where it was, and teaching more works as without it.
   * @throws CairnError `storage-*`, `photo-*`, `inference-failed`, `aborted`
   */
  async follow(work: LongWork = {}): Promise<void> {
    const { store, bankSha256 } = this.#parts;
    const taught = (await readTaught(store))?.labels ?? [];
    const there = await readTaught(store, this.collection).catch(() => null);
    const labels = await this.#embedded(taught, there?.labels ?? [], work);
    if (signature(labels) === signature(there?.labels ?? [])) return;
    const { dim: dimension, ...encoder } = this.identity;
    const head: TaughtHead = { encoder, bank: { sha256: bankSha256 }, dimension };
    const { referenceNeighbours } = RERANK.penalty;
    const similarity = (row: Float32Array) => this.bank.similarity(row, referenceNeighbours);
    // Under the lock: another tab that opens meanwhile may be writing the same collection without what was removed.
    await locked(() => writeTaught(store, { head, labels }, similarity, this.collection));
  }

  async #embedded(
    taught: readonly TaughtLabel[],
    there: readonly TaughtLabel[],
    { signal, onProgress }: LongWork,
  ): Promise<TaughtLabel[]> {
    const { store, encoder } = this.#parts;
    const known = new Map(there.flatMap(({ photos }) => photos).map((row) => [row.id, row]));
    const total = taught.reduce((sum, { photos }) => sum + photos.length, 0);
    let done = 0;
    const labels: TaughtLabel[] = [];
    for (const { facts, photos } of taught) {
      const rows: TaughtRow[] = [];
      for (const { id } of photos) {
        onProgress?.({ stage: 'encode', done: done++, total, unit: 'photos' });
        const row = known.get(id);
        const picture = row ? null : await pictureOf(store, id);
        if (row) rows.push(row);
        else if (picture) {
          const { embedding } = await encoder.encodeTuned(picture.blob, { signal });
          rows.push({ id, embedding });
        }
      }
      if (rows.length > 0) labels.push({ facts, photos: rows });
    }
    return labels;
  }
}

/** Removes collections of networks that are neither in use nor the way back. */
export async function dropTunedCollections(
  store: CairnStore,
  keep: readonly Uint8Array<ArrayBuffer>[],
): Promise<void> {
  const kept = new Set<string>();
  for (const bytes of keep) kept.add(tunedCollection(await sha256Hex(bytes)));
  for (const { name } of await store.listCollections()) {
    if (name.startsWith(TUNED_PREFIX) && !kept.has(name)) await store.deleteCollection(name);
  }
}

/** Equal where collections hold the same photos under the same names. */
function signature(labels: readonly TaughtLabel[]): string {
  return JSON.stringify(
    labels.map(({ facts: { label, title }, photos }) => [
      label,
      title.en,
      title.zh,
      photos.map(({ id }) => id),
    ]),
  );
}
