// Collections behind an address that are searched there: an organisation's, too large for a tab. What describes a
// photo goes there, so that each is agreed to; where one does not answer, the others go on.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { OpenPart } from '../../browser/galleries.ts';
import { type PlainError, toPlainError } from '../../errors.ts';
import type { EncoderIdentity } from '../../retrieval/collection.ts';
import type { CollectionDescription } from '../../retrieval/description.ts';
import { parseServiceAddress, RemoteCollection } from '../../retrieval/remote/remote-collection.ts';
import type { CollectionSearch, ReferenceSource, SearchResult } from '../../retrieval/search.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { createTabs, type Tabs } from '../collections/tabs.ts';
import { inTurn } from '../teaching/locks.ts';

/** Where the agreed addresses are kept; they are read and written under the lock of the same name. */
const KEY = 'services/agreed';
const CHANNEL = 'cairn-services';

/** How long a service that failed is not asked for a photo. */
const REST_MS = 60_000;

export type ServiceState =
  | { readonly at: 'opening' }
  | { readonly at: 'open'; readonly description: CollectionDescription }
  | { readonly at: 'failed'; readonly error: PlainError };

export interface ListedService {
  /** As `parseServiceAddress` writes it. */
  readonly address: string;
  readonly state: ServiceState;
}

export interface ServiceParts {
  readonly store: () => Promise<CairnStore>;
  /** What must have made them; known once the registry is. */
  readonly made: () => Promise<EncoderIdentity & { readonly dim: number }>;
  /** What is searched has changed: takes effect between two recognitions. */
  readonly onChange: () => void;
  /** A service failed to answer within a recognition. */
  readonly onProblem: (address: string, thrown: unknown) => void;
}

interface OpenService {
  readonly remote: RemoteCollection;
  /** Aborted once nothing may be sent there any more. */
  readonly agreed: AbortSignal;
}

export class Services {
  readonly list: ReadonlySignal<readonly ListedService[]>;
  readonly #list = signal<readonly ListedService[]>([]);
  readonly #parts: ServiceParts;
  readonly #tabs: Tabs;
  readonly #agreed = new Map<string, AbortController>();
  readonly #open = new Map<string, OpenService>();
  /** Addresses that storage may still name. */
  readonly #going = new Set<string>();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.list = this.#list;
    this.#tabs = createTabs(() => void this.start().catch(() => undefined), CHANNEL);
  }

  /**
   * Brings the list to what is agreed to, in this tab or another, and opens what is not open; what does not answer
   * is told in `list`. Throws `storage-failed`.
   */
  async start(): Promise<void> {
    const store = await this.#parts.store();
    const wanted = await inTurn(KEY, async () => {
      const agreed = (await readAgreed(store)).filter((address) => !this.#going.has(address));
      for (const address of this.#agreed.keys()) if (!agreed.includes(address)) this.#drop(address);
      for (const address of agreed) this.#allow(address);
      return agreed.filter((address) => !this.#open.has(address));
    });
    await Promise.all(wanted.map((address) => this.again(address)));
  }

  /**
   * What a service has. Nothing of any photo is sent.
   * @throws CairnError `usage` for what is no address, `download-failed`, `timeout`, `aborted`, `collection-invalid`;
   *   `collection-mismatch` for another encoder's
   */
  async look(address: string, signal?: AbortSignal): Promise<ListedService> {
    const remote = await this.#ask(address, signal);
    return { address: remote.address.href, state: { at: 'open', description: remote.description } };
  }

  /** The user agrees to send there what describes photos. Throws as {@link look}, `storage-*`. */
  async agree(address: string): Promise<void> {
    const remote = await this.#ask(address);
    const { href } = remote.address;
    const store = await this.#parts.store();
    await inTurn(KEY, async () => {
      await store.putValue(KEY, [...new Set([...(await readAgreed(store)), href])]);
      this.#use(href, { remote, agreed: this.#allow(href) });
    });
    this.#tabs.tell();
  }

  /** Nothing is sent there any more, not even by a recognition under way. Throws `storage-failed`. */
  async remove(address: string): Promise<void> {
    // At once, whatever storage says.
    this.#going.add(address);
    this.#drop(address);
    try {
      const store = await this.#parts.store();
      await inTurn(KEY, async () => {
        const agreed = await readAgreed(store);
        await store.putValue(
          KEY,
          agreed.filter((one) => one !== address),
        );
      });
    } finally {
      this.#going.delete(address);
    }
    this.#tabs.tell();
  }

  /** Tries to open it again, as long as it is agreed to. What fails is told in `list`. */
  async again(address: string): Promise<void> {
    const agreed = this.#agreed.get(address)?.signal;
    if (!agreed) return;
    this.#say(address, { at: 'opening' });
    try {
      const remote = await this.#ask(address, agreed);
      // Taken away meanwhile, it stays away.
      if (!agreed.aborted) this.#use(address, { remote, agreed });
    } catch (thrown) {
      if (agreed.aborted) return;
      this.#open.delete(address);
      this.#say(address, { at: 'failed', error: toPlainError(thrown) });
      this.#parts.onChange();
    }
  }

  /** Those that are open, to be searched beside installed collections. */
  get parts(): readonly OpenPart[] {
    return [...this.#open].map(([address, service]) =>
      partOf(service, (thrown) => {
        this.#parts.onProblem(address, thrown);
        // Its landmarks may be others by now: from the next photo on it is asked by these.
        if (toPlainError(thrown).code === 'collection-mismatch') void this.again(address);
        else this.#rest(address, toPlainError(thrown));
      }),
    );
  }

  /** Left out for a while: one that does not answer would otherwise cost every photo its patience. */
  #rest(address: string, error: PlainError): void {
    // Search and references of one photo may both have failed.
    if (!this.#open.delete(address)) return;
    this.#say(address, { at: 'failed', error });
    this.#parts.onChange();
    setTimeout(() => {
      const now = this.#list.peek().find((one) => one.address === address);
      if (now?.state.at === 'failed') void this.again(address);
    }, REST_MS);
  }

  async #ask(address: string, signal?: AbortSignal): Promise<RemoteCollection> {
    return RemoteCollection.open(parseServiceAddress(address).href, {
      encoder: await this.#parts.made(),
      signal,
    });
  }

  #allow(address: string): AbortSignal {
    const controller = this.#agreed.get(address) ?? new AbortController();
    this.#agreed.set(address, controller);
    return controller.signal;
  }

  #use(address: string, service: OpenService): void {
    this.#open.set(address, service);
    this.#say(address, { at: 'open', description: service.remote.description });
    this.#parts.onChange();
  }

  #drop(address: string): void {
    this.#agreed.get(address)?.abort();
    this.#agreed.delete(address);
    this.#open.delete(address);
    this.#list.value = this.#list.peek().filter((one) => one.address !== address);
    this.#parts.onChange();
  }

  #say(address: string, state: ServiceState): void {
    const others = this.#list.peek();
    this.#list.value = others.some((one) => one.address === address)
      ? others.map((one) => (one.address === address ? { address, state } : one))
      : [...others, { address, state }];
  }
}

const NOTHING: SearchResult = { neighbours: [], vectors: new Float32Array(), engine: 'exact' };

/** A service that fails within a recognition, or is taken away, is one that has found nothing. */
function partOf({ remote, agreed }: OpenService, onProblem: (thrown: unknown) => void): OpenPart {
  const { labels, matcher } = remote.description;
  // The rest of the recognition does not wait for it either.
  let failed = false;
  const tell = (thrown: unknown) => {
    failed = true;
    if (!agreed.aborted) onProblem(thrown);
  };
  const search: CollectionSearch = {
    dim: remote.dim,
    rows: remote.rows,
    search: async (query, options): Promise<SearchResult> => {
      if (failed) return NOTHING;
      const signal = options.signal ? AbortSignal.any([options.signal, agreed]) : agreed;
      try {
        return await remote.search(query, { ...options, signal });
      } catch (thrown) {
        if (options.signal?.aborted) throw thrown;
        tell(thrown);
        return NOTHING;
      }
    },
  };
  const references: ReferenceSource | null = matcher
    ? {
        matcher,
        references: async (query, own, most) =>
          failed
            ? []
            : remote.references(query, own, most, agreed).catch((thrown) => {
                tell(thrown);
                return [];
              }),
      }
    : null;
  return { labels, search, references };
}

async function readAgreed(store: CairnStore): Promise<readonly string[]> {
  const value = await store.getValue(KEY);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
