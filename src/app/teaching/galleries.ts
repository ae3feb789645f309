// What is searched: the default collection and the user's own, each in an index worker, joined as one.
import { bridgeIndex } from '../../../workers/spawn.ts';
import type { WorkerBridge } from '../../bridge/worker-bridge.ts';
import type { OnProgress } from '../../progress.ts';
import {
  type Collection,
  collectionRows,
  type EncoderIdentity,
} from '../../retrieval/collection.ts';
import type { CollectionSource, IndexService, IndexStatus } from '../../retrieval/index-service.ts';
import type { CollectionLabel } from '../../retrieval/labels.ts';
import type { CollectionSearch, ReferenceSource } from '../../retrieval/search.ts';
import type { AdapterInUse } from '../../retrieval/taught-adapter.ts';
import {
  firstReferences,
  joinLabels,
  joinSearches,
  type SearchPart,
} from '../../retrieval/taught-search.ts';

export interface OpenGallery {
  readonly source: CollectionSource;
  /** What must have made it. */
  readonly encoder: EncoderIdentity & { readonly dim: number };
  /** A tuned head to see it through. */
  readonly adapter?: AdapterInUse | undefined;
}

export interface GalleryHooks {
  readonly onCrash: (error: Error) => void;
  readonly onProgress?: OnProgress;
}

/** One collection in a worker of its own. `release` ends the worker. */
export class Gallery {
  readonly #bridge: WorkerBridge<IndexService>;
  #wanted: OpenGallery | null = null;
  #collection: Collection | null = null;

  constructor({ onCrash, onProgress }: GalleryHooks) {
    this.#bridge = bridgeIndex({
      onCrash,
      // In every new worker, so that one that crashed comes back with its collection open.
      prepare: async (api) => {
        if (!this.#wanted) return;
        const { source, ...how } = this.#wanted;
        this.#collection = await api.open(source, { ...how, onProgress });
      },
    });
  }

  get collection(): Collection | null {
    return this.#collection;
  }

  /**
   * Opens a collection in place of the one that was open.
   * @throws CairnError `collection-*`, `hash-mismatch`, `download-failed`, `storage-*`, `worker-crashed`
   */
  async open(wanted: OpenGallery): Promise<Collection> {
    const { alive } = this.#bridge;
    this.#wanted = wanted;
    if (alive) {
      const { source, ...how } = wanted;
      this.#collection = await this.#bridge.api.open(source, how);
    } else {
      await this.#bridge.api.status();
    }
    return this.#collection!;
  }

  status(): Promise<IndexStatus> {
    return this.#bridge.api.status();
  }

  part(places: readonly number[]): SearchPart {
    const collection = this.#collection!;
    const { api } = this.#bridge;
    const search: CollectionSearch = {
      dim: collection.dimension,
      rows: collectionRows(collection),
      search: (query, options) => api.search(query, options),
    };
    return { search, places };
  }

  /** What is kept for matching of photos of its own labels; null where nothing is. */
  get references(): ReferenceSource | null {
    const matcher = this.#collection?.matcher;
    if (!matcher) return null;
    const { api } = this.#bridge;
    return { matcher, references: (...asked) => api.references(...asked) };
  }

  /** Closes the collection and lets the worker go. */
  release(): void {
    this.#wanted = null;
    this.#collection = null;
    this.#bridge.release();
  }
}

export interface Joined {
  readonly labels: readonly CollectionLabel[];
  readonly search: CollectionSearch;
  /** What is kept for matching, by the joined labels; null where nothing is. */
  readonly references: ReferenceSource | null;
}

/** Those of the galleries that are open, in this order. */
export function joinGalleries(galleries: readonly Gallery[]): Joined {
  const open = galleries.filter(({ collection }) => collection !== null);
  const { labels, places } = joinLabels(open.map(({ collection }) => collection!.labels));
  return {
    labels,
    search: joinSearches(open.map((gallery, i) => gallery.part(places[i]!))),
    references: firstReferences(open[0]?.references ?? null, places[0] ?? []),
  };
}

export interface SideBySide extends Joined {
  /** What the tuned network searches, with the place of each of its labels; null where nothing is open. */
  readonly tuned: SearchPart | null;
}

/** The default collection by the encoder, and beside it what was taught by a tuned network. */
export function sideBySide(known: Gallery, tuned: Gallery): SideBySide {
  if (tuned.collection === null) return { ...joinGalleries([known]), tuned: null };
  const { labels, places } = joinLabels([known.collection!.labels, tuned.collection.labels]);
  return {
    labels,
    search: joinSearches([known.part(places[0]!)]),
    references: firstReferences(known.references, places[0]!),
    tuned: tuned.part(places[1]!),
  };
}
