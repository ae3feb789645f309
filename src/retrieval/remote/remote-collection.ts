// A collection behind an address: photos stay here, embeddings go there and neighbours come back.
import { CairnError } from '../../errors.ts';
import type { LongWork } from '../../progress.ts';
import { checkQuery } from '../check-query.ts';
import { assertEncoder, type EncoderIdentity, LIMITS, parseDescription } from '../collection.ts';
import { type CollectionDescription, identityOf } from '../description.ts';
import { checker } from '../schema.ts';
import type {
  CollectionSearch,
  ReferenceSource,
  SearchOptions,
  SearchResult,
  StoredReference,
} from '../search.ts';
import { type ExchangeOptions, exchange } from './exchange.ts';
import {
  badAnswer,
  encodeReferencesRequest,
  encodeSearchRequest,
  PROTOCOL_VERSION,
  parseSearchResult,
  REMOTE_LIMITS,
  ROUTES,
  requestBytes,
} from './protocol.ts';
import { parseReferences, REFERENCES_BYTES } from './references-answer.ts';

export interface RemoteOptions extends Pick<LongWork, 'signal'>, Omit<ExchangeOptions, 'signal'> {
  /** Refuse a collection that another encoder made. */
  readonly encoder?: EncoderIdentity & { readonly dim?: number };
}

/** Throws `usage` for what is no http(s) address, or one with a password in it. */
export function parseServiceAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new CairnError(
      'usage',
      'That is no address of a collection.',
      'Give the address that `cairn serve` prints, such as https://HOST/PATH/, without user or password.',
    );
  }
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Holds nothing open: let it go when done. Any number of searches may run at once. */
export class RemoteCollection implements CollectionSearch, Pick<ReferenceSource, 'references'> {
  readonly #identity: string;

  private constructor(
    readonly address: URL,
    readonly description: CollectionDescription,
    private readonly options: Omit<ExchangeOptions, 'signal'>,
  ) {
    this.#identity = identityOf(description);
  }

  /**
   * Asks the service what it has.
   * @param address that `cairn serve` prints
   * @throws CairnError `usage`, `download-failed`, `timeout`, `aborted`, `collection-invalid`, `collection-mismatch`
   */
  static async open(
    address: string,
    { encoder, signal, ...options }: RemoteOptions = {},
  ): Promise<RemoteCollection> {
    const base = parseServiceAddress(address);
    const value = await exchange(new URL(ROUTES.collection, base), null, LIMITS.jsonBytes, {
      ...options,
      signal,
    });
    const root = checker(value, '', badAnswer).object();
    const protocol = root.at('protocol').integer(1, 1_000_000);
    if (protocol !== PROTOCOL_VERSION) {
      throw new CairnError(
        'collection-invalid',
        `${base.host} speaks version ${protocol} of the protocol; this Cairn speaks ${PROTOCOL_VERSION}.`,
        protocol > PROTOCOL_VERSION ? 'Update Cairn.' : 'The service must be updated.',
      );
    }
    const description = parseDescription(root.at('collection'));
    const identity = root.at('identity').string(64, 64);
    if (identity !== identityOf(description))
      throw badAnswer('its identity is not that of its labels');
    if (encoder) assertEncoder(description, encoder);
    return new RemoteCollection(base, description, options);
  }

  get dim(): number {
    return this.description.dimension;
  }

  get rows(): number {
    return this.description.rows;
  }

  /**
   * As {@link CollectionSearch.search}; at most 1000 neighbours and 100 embeddings.
   * @throws CairnError `usage`, `download-failed`, `timeout`, `aborted`, `collection-invalid`, and
   * `collection-mismatch` where the collection was changed so that it must be opened again
   */
  async search(query: Float32Array, asked: SearchOptions): Promise<SearchResult> {
    checkQuery(query, asked, this.dim);
    const { k, vectors = 0, signal } = asked;
    if (k > REMOTE_LIMITS.k || vectors > REMOTE_LIMITS.vectors) {
      throw new CairnError(
        'usage',
        `A service gives at most ${REMOTE_LIMITS.k} neighbours and ${REMOTE_LIMITS.vectors} embeddings.`,
        'Ask for fewer.',
      );
    }
    const { description } = this;
    const body = encodeSearchRequest({ identity: this.#identity, query, options: asked });
    // 100 bytes are more than the four numbers of a neighbour, or the two of a mean, ever take.
    const most = 1024 + 200 * k + requestBytes(this.dim) * (vectors + 1);
    const url = new URL(ROUTES.search, this.address);
    const value = await exchange(url, body, most, { ...this.options, signal });
    return parseSearchResult(value, asked, description);
  }

  /** As {@link ReferenceSource.references}; at most 50 labels and 20 of each. Throws as {@link search}. */
  async references(
    query: Float32Array,
    labels: readonly number[],
    most: number,
    signal?: AbortSignal,
  ): Promise<StoredReference[]> {
    checkQuery(query, { k: most }, this.dim);
    const body = encodeReferencesRequest({ identity: this.#identity, query, labels, most });
    const url = new URL(ROUTES.references, this.address);
    const value = await exchange(url, body, REFERENCES_BYTES, { ...this.options, signal });
    return parseReferences(value, { labels, most });
  }
}
