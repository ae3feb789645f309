// Search over HTTP: what a service makes of questions, and what a client makes of answers.

import { parseCollection } from '../../../src/retrieval/collection.ts';
import { describeCollection, identityOf } from '../../../src/retrieval/description.ts';
import { parseAddress } from '../../../src/retrieval/postgres/address.ts';
import {
  encodeReferencesRequest,
  encodeSearchRequest,
  encodeSearchResult,
  PROTOCOL_VERSION,
  parseReferencesRequest,
  parseSearchRequest,
  parseSearchResult,
  REMOTE_LIMITS,
} from '../../../src/retrieval/remote/protocol.ts';
import {
  encodeReferences,
  parseReferences,
} from '../../../src/retrieval/remote/references-answer.ts';
import {
  parseServiceAddress,
  RemoteCollection,
} from '../../../src/retrieval/remote/remote-collection.ts';
import { randomUnits } from '../../../tests/unit/retrieval-fixtures.ts';
import { mutateJsonBytes } from '../mutate/json.ts';
import { mutateTextBytes } from '../mutate/text.ts';
import { type Bomb, type FuzzTarget, json, must, text } from '../target.ts';
import { collectionJsons, DIM, LABELS, madeViews } from './made.ts';

const QUERY = randomUnits(1, DIM, 5);
const IDENTITY = 'a'.repeat(64);
const deep: Bomb = {
  name: 'a million levels',
  make: () => text(`{"identity":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`),
};

function questionTarget(
  name: string,
  whole: readonly string[],
  read: (body: Uint8Array) => unknown,
): FuzzTarget {
  return {
    name,
    reads: ['src/retrieval/remote/protocol.ts', 'src/retrieval/place-filter.ts'],
    codes: ['usage'],
    async open() {
      const corpus = whole.map(text);
      return {
        corpus,
        mutate: (input, dice) => mutateJsonBytes(input, dice, corpus),
        bombs: [deep],
        read,
      };
    },
  };
}

export const searchQuestion = questionTarget(
  'remote-search-question',
  [
    encodeSearchRequest({ identity: IDENTITY, query: QUERY, options: { k: 5 } }),
    encodeSearchRequest({
      identity: IDENTITY,
      query: QUERY,
      options: {
        k: 9,
        vectors: 3,
        means: true,
        engine: 'exact',
        where: { countries: ['FR', 'IT'], near: { lat: 48, lon: 2, km: 10 } },
      },
    }),
  ],
  (body) => {
    const { query, options, identity } = parseSearchRequest(body, DIM);
    const { k, vectors = 0, where } = options;
    must(query.length === DIM && query.every(Number.isFinite), 'a query of no numbers');
    must(Number.isInteger(k) && k >= 1 && k <= REMOTE_LIMITS.k, 'k');
    must(Number.isInteger(vectors) && vectors <= REMOTE_LIMITS.vectors, 'vectors');
    must(identity.length === 64, 'no identity');
    must(
      (where?.countries ?? ['FR']).every((code) => /^[A-Z]{2}$/.test(code)),
      'countries',
    );
    must(where?.near === undefined || where.near.km > 0, 'no distance');
  },
);

export const referencesQuestion = questionTarget(
  'remote-references-question',
  [encodeReferencesRequest({ identity: IDENTITY, query: QUERY, labels: [0, 2], most: 4 })],
  (body) => {
    const { labels, most, query } = parseReferencesRequest(body, DIM);
    must(query.length === DIM, 'another query');
    must(labels.length <= REMOTE_LIMITS.labels && most <= REMOTE_LIMITS.references, 'too much');
    must(labels.every(Number.isInteger), 'labels');
  },
);

const NEIGHBOURS = [0.9, 0.7, 0.1].map((similarity, row) => ({
  row,
  label: row % LABELS,
  similarity,
  bankSimilarity: 0.2,
}));

/** What the client refuses with: its own findings, and what a service may say. */
const ANSWER_CODES = [
  'collection-invalid',
  'collection-mismatch',
  'collection-missing',
  'download-failed',
  'usage',
  'timeout',
] as const;

/** The client itself, behind a network that answers with the input. */
export const remoteClient: FuzzTarget = {
  name: 'remote-client',
  reads: ['src/retrieval/remote/remote-collection.ts', 'src/retrieval/remote/exchange.ts'],
  codes: ANSWER_CODES,
  async open() {
    const [whole] = await collectionJsons();
    const description = describeCollection(parseCollection(whole!), 6); // there are two
    const about = { protocol: PROTOCOL_VERSION, collection: description };
    const identity = identityOf(description);
    const error = { error: { code: 'usage', message: 'No.', remedy: 'Ask otherwise.' } };
    const found = encodeSearchResult({
      neighbours: NEIGHBOURS,
      vectors: randomUnits(2, DIM, 8),
      engine: 'exact',
    });
    // Also as the first answer, which it is not.
    const corpus = [json({ ...about, identity }), text(found), json(error)];
    return {
      corpus,
      mutate: (input, dice) => mutateJsonBytes(input, dice, corpus),
      bombs: [deep, { name: 'a hundred megabytes', make: () => new Uint8Array(100 << 20) }],
      async read(input) {
        const answers: Response[] = [];
        const status = [200, 200, 200, 400, 404, 500][input.length % 6] ?? 200;
        const fetch = async () => answers.shift() ?? new Response(input, { status });
        const options = { fetch, tries: 2, waitMs: 0 };
        if (!new TextDecoder().decode(input.subarray(0, 40)).includes('protocol')) {
          answers.push(new Response(corpus[0]));
        }
        const remote = await RemoteCollection.open('https://fuzz.invalid/', options);
        const { neighbours, vectors } = await remote.search(QUERY, { k: 3, vectors: 2 });
        must(neighbours.length <= 3 && vectors.every(Number.isFinite), 'neighbours that are none');
      },
    };
  },
};

export const searchAnswer: FuzzTarget = {
  name: 'remote-search-answer',
  reads: ['src/retrieval/remote/protocol.ts'],
  codes: ['collection-invalid'],
  async open() {
    const [whole] = await collectionJsons();
    const description = describeCollection(parseCollection(whole!), 6); // there are two
    const asked = { k: 3, vectors: 2, means: true };
    const vectors = randomUnits(2, DIM, 8);
    const result = { neighbours: NEIGHBOURS, vectors, engine: 'exact' as const };
    const corpus = [
      text(encodeSearchResult(result)),
      text(encodeSearchResult({ ...result, means: new Map([[0, 0.5]]) })),
      text(encodeSearchResult({ ...result, neighbours: [], vectors: new Float32Array() })),
    ];
    return {
      corpus,
      mutate: (input, dice) => mutateJsonBytes(input, dice, corpus),
      read(input) {
        const value = jsonOf(input);
        if (value === undefined) return;
        const found = parseSearchResult(value, asked, description);
        must(found.neighbours.length <= asked.k, 'more neighbours than were asked for');
        must(
          found.neighbours.every(({ label }) => label < LABELS),
          'a label that is none',
        );
        must(found.vectors.every(Number.isFinite), 'embeddings of no numbers');
        must(
          [...(found.means ?? [])].every(([label]) => label < LABELS),
          'a mean of no label',
        );
      },
    };
  },
};

export const referencesAnswer: FuzzTarget = {
  name: 'remote-references-answer',
  reads: ['src/retrieval/remote/references-answer.ts', 'src/retrieval/remote/base64.ts'],
  codes: ['collection-invalid'],
  async open() {
    const references = madeViews(3).map(({ view, row }) => ({
      row: row + 5,
      label: row % 2,
      similarity: 0.5,
      view,
    }));
    const corpus = [text(encodeReferences(references)), text(encodeReferences([]))];
    const asked = { labels: [0, 1], most: 4 };
    return {
      corpus,
      mutate: (input, dice) => mutateJsonBytes(input, dice, corpus),
      read(input) {
        const value = jsonOf(input);
        if (value === undefined) return;
        for (const { label, row, view } of parseReferences(value, asked)) {
          must(asked.labels.includes(label) && Number.isInteger(row), 'a label nobody asked for');
          must(view.tokens.every(Number.isFinite), 'a view of no numbers');
        }
      },
    };
  },
};

/** Undefined for no JSON, which the exchange before these parsers refuses. */
function jsonOf(input: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(input));
  } catch {
    return undefined;
  }
}

export const addresses: FuzzTarget = {
  name: 'addresses',
  reads: ['src/retrieval/remote/remote-collection.ts', 'src/retrieval/postgres/address.ts'],
  codes: ['usage'],
  async open() {
    const corpus = [
      'https://photos.example.org/landmarks/?x=1#y',
      'http://127.0.0.1:8080',
      'postgres://user:secret@host:5432/db?collection=a&sslmode=require',
      'postgresql:///db?host=/run/postgresql',
      'postgres://user:secret@/db?password=secret2',
    ].map(text);
    return {
      corpus,
      mutate: (input, dice) => mutateTextBytes(input, dice, corpus, '/'),
      read(input) {
        const given = new TextDecoder().decode(input);
        if (given.startsWith('p')) {
          const { shown, connection } = parseAddress(given);
          must(!/^\w+:\/\/[^/@]*:[^/@]*@/.test(shown), 'a password that is shown');
          // As the driver does (pg-connection-string): a host that is left out is stood in for.
          const stood = connection.replace('@/', '@stand-in/');
          must(
            [connection, stood].some((each) => URL.canParse(each, 'postgres://base')),
            'an address that the driver does not know',
          );
          return;
        }
        const url = parseServiceAddress(given);
        must(
          url.username === '' && url.password === '' && url.pathname.endsWith('/'),
          'an address',
        );
      },
    };
  },
};
