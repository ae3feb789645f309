// Collections behind an address that are searched there: an organisation's, too large for a tab. What describes a
// photo goes there, so that each is agreed to; where one does not answer, the others go on.
import { type ReadonlySignal, signal } from '@preact/signals';
import { type PlainError, toPlainError } from '../../errors.ts';
import type { EncoderIdentity } from '../../retrieval/collection.ts';
import type { CollectionDescription } from '../../retrieval/description.ts';
import { parseServiceAddress, RemoteCollection } from '../../retrieval/remote/remote-collection.ts';
import type { CollectionSearch, ReferenceSource, SearchResult } from '../../retrieval/search.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import type { OpenPart } from '../teaching/galleries.ts';

/** Where the agreed addresses are kept. */
const KEY = 'services/agreed';

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

export class Services {
  readonly list: ReadonlySignal<readonly ListedService[]>;
  readonly #list = signal<readonly ListedService[]>([]);
  readonly #parts: ServiceParts;
  readonly #open = new Map<string, RemoteCollection>();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.list = this.#list;
  }

  /** Opens what was agreed to before; what does not answer is told in `list`. Throws `storage-failed`. */
  async start(): Promise<void> {
    const agreed = await readAgreed(await this.#parts.store());
    this.#list.value = agreed.map((address) => ({ address, state: { at: 'opening' } }));
    await Promise.all(agreed.map((address) => this.again(address)));
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
    const agreed = await readAgreed(store);
    await store.putValue(KEY, [...new Set([...agreed, href])]);
    this.#use(href, remote);
  }

  /** Nothing is sent there any more. Throws `storage-failed`. */
  async remove(address: string): Promise<void> {
    // At once, whatever storage says.
    this.#open.delete(address);
    this.#list.value = this.#list.peek().filter((one) => one.address !== address);
    this.#parts.onChange();
    const store = await this.#parts.store();
    await store.putValue(
      KEY,
      (await readAgreed(store)).filter((one) => one !== address),
    );
  }

  /** Tries to open it again. What fails is told in `list`. */
  async again(address: string): Promise<void> {
    this.#say(address, { at: 'opening' });
    try {
      this.#use(address, await this.#ask(address));
    } catch (thrown) {
      this.#open.delete(address);
      this.#say(address, { at: 'failed', error: toPlainError(thrown) });
      this.#parts.onChange();
    }
  }

  /** Those that are open, to be searched beside installed collections. */
  get parts(): readonly OpenPart[] {
    return [...this.#open].map(([address, remote]) =>
      partOf(remote, (thrown) => {
        this.#parts.onProblem(address, thrown);
        // Its landmarks may be others by now: from the next photo on it is asked by these.
        if (toPlainError(thrown).code === 'collection-mismatch') void this.again(address);
      }),
    );
  }

  async #ask(address: string, signal?: AbortSignal): Promise<RemoteCollection> {
    return RemoteCollection.open(parseServiceAddress(address).href, {
      encoder: await this.#parts.made(),
      signal,
    });
  }

  #use(address: string, remote: RemoteCollection): void {
    this.#open.set(address, remote);
    this.#say(address, { at: 'open', description: remote.description });
    this.#parts.onChange();
  }

  #say(address: string, state: ServiceState): void {
    const others = this.#list.peek();
    this.#list.value = others.some((one) => one.address === address)
      ? others.map((one) => (one.address === address ? { address, state } : one))
      : [...others, { address, state }];
  }
}

/** A service that fails within a recognition is one that has found nothing. */
function partOf(remote: RemoteCollection, onProblem: (thrown: unknown) => void): OpenPart {
  const { labels, matcher } = remote.description;
  const search: CollectionSearch = {
    dim: remote.dim,
    rows: remote.rows,
    search: async (query, options): Promise<SearchResult> => {
      try {
        return await remote.search(query, options);
      } catch (thrown) {
        if (options.signal?.aborted) throw thrown;
        onProblem(thrown);
        return { neighbours: [], vectors: new Float32Array(), engine: 'exact' };
      }
    },
  };
  const references: ReferenceSource | null = matcher
    ? {
        matcher,
        references: async (...asked) =>
          remote.references(...asked).catch((thrown) => {
            onProblem(thrown);
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
