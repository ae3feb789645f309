// What recognition runs on: as shipped, through a tuned head, or with a tuned network beside the encoder.
import type { Remote } from '../../bridge/worker-bridge.ts';
import {
  type Gallery,
  joinParts,
  type OpenPart,
  openParts,
  type SideBySide,
  sideBySide,
} from '../../browser/galleries.ts';
import { installedSource } from '../../browser/sources.ts';
import type { PictureSource } from '../../browser/verifier.ts';
import type { EncoderService } from '../../inference/encoder-service.ts';
import type { Stages } from '../../recognizer.ts';
import type { RerankerModel } from '../../rerank/load-reranker.ts';
import {
  collectionRows,
  type EncoderIdentity,
  type MatcherIdentity,
} from '../../retrieval/collection.ts';
import type { CollectionLabel } from '../../retrieval/labels.ts';
import type { PictureReference, ReferenceSource } from '../../retrieval/search.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { TAUGHT_COLLECTION } from '../../retrieval/taught-collection.ts';
import type { AppliedTuning, Tunings } from '../../training/tuning/trainer-keep.ts';
import type { Shelf } from '../collections/shelf.ts';
import { type HeadInUse, headInUse, throughHead } from './head.ts';
import { pictureOf } from './pictures.ts';
import { dropTunedCollections, type TunableNetwork, TunedNetwork } from './tuned-network.ts';

export interface InUseParts {
  readonly store: CairnStore;
  readonly encoder: Remote<EncoderService>;
  /** As collections name it. */
  readonly made: EncoderIdentity & { readonly dim: number };
  readonly tunable: TunableNetwork;
  readonly reranker: RerankerModel;
  /** Installed collections. */
  readonly shelf: Shelf;
  readonly own: Gallery;
  /** Collections that are searched elsewhere. */
  readonly services: () => readonly OpenPart[];
  /** The one that verifies photos; left out where none does. */
  readonly matcher?: MatcherIdentity | undefined;
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
  /** When what was taught, as it is open, was stored; null for nothing. */
  #taught: string | null = null;

  /** @param head through which what is installed is open already */
  constructor(parts: InUseParts, head: HeadInUse | null) {
    this.#parts = parts;
    this.#head = head;
    this.#joined = this.#join();
  }

  /** Whether anything but what was shipped is in use. */
  get tuned(): boolean {
    return this.#head !== null || this.#network !== null;
  }

  /** What is kept for matching, as things stand. */
  get references(): ReferenceSource | null {
    return this.#joined.references;
  }

  /**
   * Pictures of what the user taught, by the joined labels and rows; null where there is nothing. Beside a tuned network
   * neither: its references lie in a space of their own.
   */
  get pictures(): PictureSource | null {
    const { own, shelf, store } = this.#parts;
    if (this.#network || !own.collection) return null;
    const at = new Map(this.#joined.labels.map(({ label }, place) => [label, place]));
    const places = own.collection.labels.map(({ label }) => at.get(label) ?? -1);
    const start = shelf.collections.reduce((rows, one) => rows + collectionRows(one), 0);
    return async (query, labels, most) => {
      const asked = labels.map((label) => places.indexOf(label)).filter((label) => label >= 0);
      if (asked.length === 0) return [];
      const photos = await own.photos(query, asked, most);
      const found = photos.map(async ({ row, label, ...photo }): Promise<PictureReference[]> => {
        const picture = await pictureOf(store, photo.id);
        const joined = { ...photo, row: row + start, label: places[label]! };
        return picture ? [{ ...joined, picture: picture.blob }] : [];
      });
      return (await Promise.all(found)).flat();
    };
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
   * Opens what was taught, as whatever is in use sees it. Where that fails what is installed goes on.
   * @throws CairnError `collection-*`, `storage-*`, `inference-failed`, `worker-crashed`
   */
  async openTaught(): Promise<void> {
    const { store, own, made } = this.#parts;
    try {
      this.#taught = await this.#taughtNow();
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
      this.rejoin();
    }
  }

  /**
   * Follows what has been stored, here or in another tab. Throws as {@link openTaught}.
   * @returns whether what was taught has changed
   */
  async catchUp(): Promise<boolean> {
    if ((await this.#taughtNow()) === this.#taught) {
      this.rejoin();
      return false;
    }
    await this.openTaught();
    return true;
  }

  async #taughtNow(): Promise<string | null> {
    return (await this.#parts.store.getCollection(TAUGHT_COLLECTION))?.installed ?? null;
  }

  /** Searches what is open now, from the next recognition on. */
  rejoin(): void {
    this.#joined = this.#join();
    this.#parts.onLabels(this.#joined.labels);
  }

  #join(): SideBySide {
    const { shelf, own, matcher, services } = this.#parts;
    const installed = openParts(shelf.galleries);
    // A service holds embeddings as the encoder gives them, and cannot see them through a head.
    const elsewhere = this.#head ? [] : services();
    return this.#network
      ? sideBySide([...installed, ...elsewhere], own.opened, matcher)
      : { ...joinParts([...installed, ...openParts([own]), ...elsewhere], matcher), tuned: null };
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
    const { encoder, made, reranker, shelf } = this.#parts;
    const wasThroughHead = this.#head !== null;
    this.#head = applied?.scope === 'head' ? headInUse(applied.bytes, made, reranker) : null;
    if (applied?.scope === 'last-stage') await this.openNetwork(applied.bytes);
    else {
      this.#network = null;
      await encoder.useTuned(null, {});
    }
    if (wasThroughHead || this.#head) await shelf.seeThrough(this.#head?.inUse);
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
