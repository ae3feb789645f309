// What is searched: installed collections and the user's own, each in an index worker, joined as one.
import { bridgeIndex } from '../../workers/spawn.ts';
import type { WorkerBridge } from '../bridge/worker-bridge.ts';
import type { OnProgress } from '../progress.ts';
import {
  type Collection,
  collectionRows,
  type EncoderIdentity,
  type MatcherIdentity,
} from '../retrieval/collection.ts';
import type { CollectionSource, IndexService, IndexStatus } from '../retrieval/index-service.ts';
import type { CollectionLabel } from '../retrieval/labels.ts';
import type { CollectionSearch, NamedReference, ReferenceSource } from '../retrieval/search.ts';
import type { AdapterInUse } from '../retrieval/taught-adapter.ts';
import {
  joinLabels,
  joinReferences,
  joinSearches,
  type SearchPart,
} from '../retrieval/taught-search.ts';

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
  /** Where the collection is searched; a worker of the page unless given. */
  readonly bridge?: typeof bridgeIndex;
}

/** A collection that can be searched, wherever it lies. */
export interface OpenPart {
  readonly labels: readonly CollectionLabel[];
  readonly search: CollectionSearch;
  /** What is kept for matching of photos of its own labels; null where nothing is. */
  readonly references: ReferenceSource | null;
}

/** One collection in a worker of its own. `release` ends the worker. */
export class Gallery {
  readonly #bridge: WorkerBridge<IndexService>;
  #wanted: OpenGallery | null = null;
  #collection: Collection | null = null;
  /** Asked for always: a large collection that takes minutes to open is told from a worker that hangs by it. */
  readonly #onProgress: OnProgress;

  constructor({ onCrash, onProgress = () => undefined, bridge = bridgeIndex }: GalleryHooks) {
    this.#onProgress = onProgress;
    this.#bridge = bridge({
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
      const onProgress = this.#onProgress;
      this.#collection = await this.#bridge.api.open(source, { ...how, onProgress });
    } else {
      await this.#bridge.api.status();
    }
    return this.#collection!;
  }

  status(): Promise<IndexStatus> {
    return this.#bridge.api.status();
  }

  /** Null while nothing is open. */
  get opened(): OpenPart | null {
    const collection = this.#collection;
    if (!collection) return null;
    const { api } = this.#bridge;
    const { labels, matcher } = collection;
    return {
      labels,
      search: {
        dim: collection.dimension,
        rows: collectionRows(collection),
        search: (query, options) => api.search(query, options),
      },
      references: matcher ? { matcher, references: (...asked) => api.references(...asked) } : null,
    };
  }

  /** As {@link IndexService.photos}, by its own labels. */
  photos(...asked: Parameters<IndexService['photos']>): Promise<readonly NamedReference[]> {
    return this.#bridge.api.photos(...asked);
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

/**
 * What is open, joined in this order; nothing is found where nothing is.
 * @param matcher the one in use, where there is one
 */
export function joinParts(open: readonly OpenPart[], matcher?: MatcherIdentity): Joined {
  const { labels, places } = joinLabels(open.map((part) => part.labels));
  let rows = 0;
  const kept = open.map(({ references: source, search }, i) => {
    const start = rows;
    rows += search.rows;
    return { source, places: places[i]!, start };
  });
  const parts = open.map(({ search }, i) => ({ search, places: places[i]! }));
  return { labels, search: joinSearches(parts), references: joinReferences(kept, matcher) };
}

export interface SideBySide extends Joined {
  /** What the tuned network searches, with the place of each of its labels; null where nothing is open. */
  readonly tuned: SearchPart | null;
}

/** What is searched by the encoder, and beside it what was taught by a tuned network. */
export function sideBySide(
  known: readonly OpenPart[],
  tuned: OpenPart | null,
  matcher?: MatcherIdentity,
): SideBySide {
  const joined = joinParts(known, matcher);
  if (!tuned) return { ...joined, tuned: null };
  // Its labels come last, so that the places of the others stay as they are.
  const { labels, places } = joinLabels([...known, tuned].map((part) => part.labels));
  return { ...joined, labels, tuned: { search: tuned.search, places: places.at(-1)! } };
}

/** Those of the galleries that are open, in their order. */
export function openParts(galleries: readonly Gallery[]): OpenPart[] {
  return galleries.flatMap(({ opened }) => opened ?? []);
}
