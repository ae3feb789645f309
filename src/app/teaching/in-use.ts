// What recognition runs on: as shipped, through a tuned head, or with a tuned network beside the encoder.
import type { Remote } from '../../bridge/worker-bridge.ts';
import type { EncoderService } from '../../inference/encoder-service.ts';
import type { Stages } from '../../recognizer.ts';
import type { RerankerModel } from '../../rerank/load-reranker.ts';
import type { EncoderIdentity } from '../../retrieval/collection.ts';
import type { CollectionSource } from '../../retrieval/index-service.ts';
import { openInstalled } from '../../retrieval/install.ts';
import type { CollectionLabel } from '../../retrieval/labels.ts';
import type { ReferenceSource } from '../../retrieval/search.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { TAUGHT_COLLECTION } from '../../retrieval/taught-collection.ts';
import type { AppliedTuning, Tunings } from '../../training/tuning/trainer-keep.ts';
import { type Gallery, joinGalleries, type SideBySide, sideBySide } from './galleries.ts';
import { type HeadInUse, headInUse, throughHead } from './head.ts';
import { dropTunedCollections, type TunableNetwork, TunedNetwork } from './tuned-network.ts';

export interface InUseParts {
  readonly store: CairnStore;
  readonly encoder: Remote<EncoderService>;
  /** As collections name it. */
  readonly made: EncoderIdentity & { readonly dim: number };
  readonly tunable: TunableNetwork;
  readonly reranker: RerankerModel;
  /** The default collection, open. */
  readonly known: Gallery;
  readonly own: Gallery;
  readonly onLabels: (labels: readonly CollectionLabel[]) => void;
}

interface OpenNetwork {
  readonly tuned: TunedNetwork;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class InUse {
  readonly #parts: InUseParts;
  #head: HeadInUse | null;
  #network: OpenNetwork | null = null;
  #joined: SideBySide;

  /** @param head through which the default collection is open already */
  constructor(parts: InUseParts, head: HeadInUse | null) {
    this.#parts = parts;
    this.#head = head;
    this.#joined = { ...joinGalleries([parts.known, parts.own]), tuned: null };
  }

  /** Whether anything but what was shipped is in use. */
  get tuned(): boolean {
    return this.#head !== null || this.#network !== null;
  }

  /** What is kept for matching, as things stand. */
  get references(): ReferenceSource | null {
    return this.#joined.references;
  }

  /** For a recognition; as things stand. */
  stages(): Pick<Stages, 'encoder' | 'search' | 'labels' | 'reranker' | 'tuned'> {
    const { encoder, reranker } = this.#parts;
    const { search, labels, tuned } = this.#joined;
    return {
      encoder: this.#head ? throughHead(encoder, this.#head) : encoder,
      search,
      labels,
      reranker: this.#head?.reranker ?? reranker,
      tuned: this.#network && tuned ? { ...tuned, bank: this.#network.tuned.bank } : undefined,
    };
  }

  /**
   * Opens what was taught, as whatever is in use sees it. Where that fails the default collection goes on.
   * @throws CairnError `collection-*`, `storage-*`, `inference-failed`, `worker-crashed`
   */
  async openTaught(): Promise<void> {
    const { store, known, own, made, onLabels } = this.#parts;
    try {
      await this.#network?.tuned.follow();
      const name = this.#network?.tuned.collection ?? TAUGHT_COLLECTION;
      if (await store.getCollection(name)) {
        const source = await installedSource(store, name);
        const encoder = this.#network?.tuned.identity ?? made;
        await own.open({ source, encoder, adapter: this.#head?.inUse });
      } else own.release();
    } catch (thrown) {
      own.release();
      throw thrown;
    } finally {
      this.#joined = this.#network
        ? sideBySide(known, own)
        : { ...joinGalleries([known, own]), tuned: null };
      onLabels(this.#joined.labels);
    }
  }

  /**
   * Puts a tuned network beside the encoder; `openTaught` must follow.
   * @throws CairnError `model-invalid` for another encoder's, `inference-failed`, `worker-crashed`
   */
  async openNetwork(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { store, encoder, tunable, reranker } = this.#parts;
    const { bank, bankSha256 } = reranker;
    const tuned = await TunedNetwork.open(bytes, { ...tunable, store, encoder, bank, bankSha256 });
    this.#network = { tuned, bytes };
  }

  /** Gives a new encoder worker the network that the old one had. Throws as {@link openNetwork}. */
  async giveBack(api: Pick<Remote<EncoderService>, 'useTuned'>): Promise<void> {
    if (!this.#network) return;
    await api.useTuned({ entry: this.#parts.tunable.entry, bytes: this.#network.bytes }, {});
  }

  /** From now on this; null = as shipped. Throws as {@link openNetwork} and {@link openTaught}. */
  async use(applied: AppliedTuning | null): Promise<void> {
    const { store, encoder, made, reranker, known } = this.#parts;
    const wasThroughHead = this.#head !== null;
    this.#head = applied?.scope === 'head' ? headInUse(applied.bytes, made, reranker) : null;
    if (applied?.scope === 'last-stage') await this.openNetwork(applied.bytes);
    else {
      this.#network = null;
      await encoder.useTuned(null, {});
    }
    if (wasThroughHead || this.#head) {
      const source = await installedSource(store, known.collection!.name);
      await known.open({ source, encoder: made, adapter: this.#head?.inUse });
    }
    await this.openTaught();
  }

  /** Drops the collections of networks that are neither in use nor the way back. */
  async tidy({ active, previous }: Tunings): Promise<void> {
    const kept = [active, previous].flatMap((one) =>
      one?.scope === 'last-stage' ? [one.bytes] : [],
    );
    await dropTunedCollections(this.#parts.store, kept);
  }
}

/** A worker has a store of its own where nothing is kept beyond the page: there it gets the content. */
async function installedSource(store: CairnStore, name: string): Promise<CollectionSource> {
  return store.persistent
    ? { kind: 'installed', name }
    : { kind: 'loaded', loaded: await openInstalled(name, store) };
}
