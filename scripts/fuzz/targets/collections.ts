// Collections: collection.json, taught.json, shards, reference views, graphs.
import { parseCollection } from '../../../src/retrieval/collection.ts';
import { rowsOfShards } from '../../../src/retrieval/graph-rows.ts';
import { HnswIndex } from '../../../src/retrieval/hnsw.ts';
import { expandGraph } from '../../../src/retrieval/hnsw-graph.ts';
import { decodeHalfvec, encodeHalfvec } from '../../../src/retrieval/postgres/codec.ts';
import { HNSW } from '../../../src/retrieval/presets.ts';
import {
  decodeViews,
  encodeViews,
  viewsOfShard,
} from '../../../src/retrieval/reference-section.ts';
import { decodeShard, HEADER_BYTES, SECTION_ENTRY_BYTES } from '../../../src/retrieval/shard.ts';
import { storedRows } from '../../../src/retrieval/stored-rows.ts';
import { encodeTaught, parseTaught, pictureFile } from '../../../src/retrieval/taught-file.ts';
import { encodeShard } from '../../../src/retrieval/writer.ts';
import type { Bytes } from '../../../src/weights/sha256.ts';
import { type Field, mutateBytes } from '../mutate/bytes.ts';
import { mutateSealed, reseal } from '../mutate/sealed.ts';
import { type Bomb, type FuzzTarget, must, text } from '../target.ts';
import { collectionJsons, DIM, isSafeName, LABELS, madeRows, madeViews, TAUGHT } from './made.ts';

const nested = (levels: number): Bomb => ({
  name: `JSON of ${levels} levels`,
  make: () => text(`{"formatVersion":${'['.repeat(levels)}${']'.repeat(levels)}}`),
});

export const collectionJson: FuzzTarget = {
  name: 'collection-json',
  reads: ['src/retrieval/collection.ts', 'src/retrieval/sealed-json.ts', 'src/retrieval/schema.ts'],
  codes: ['collection-invalid', 'hash-mismatch'],
  async open() {
    const corpus = await collectionJsons();
    const whole = new TextDecoder().decode(corpus[0]);
    return {
      corpus,
      mutate: (input, dice) => mutateSealed(input, dice, corpus),
      fix: reseal,
      bombs: [
        nested(1_000_000),
        {
          name: 'sixteen million deleted rows',
          make: () =>
            text(
              whole.replace(
                /"rows": \d+/,
                `"rows": 16777216, "deleted": [${'0,'.repeat(16_000_000)}0]`,
              ),
            ),
        },
        {
          name: 'a million labels that are none',
          make: () => text(whole.replace('"labels": [', `"labels": [${'0,'.repeat(999_990)}`)),
        },
      ],
      read(input) {
        const { name, shards, labels, dimension } = parseCollection(input);
        must(isSafeName(name), 'a name that is no folder');
        for (const { file, rows, bytes, deleted = [] } of shards) {
          must(isSafeName(file) && !/\s/.test(file), 'a shard that leaves its folder');
          must(rows >= 1 && rows <= bytes, 'more rows than there is room for');
          must(
            deleted.every((row) => row >= 0 && row < rows),
            'a deleted row that is none',
          );
        }
        must(Number.isInteger(dimension) && dimension > 0, 'a dimension that is none');
        must(
          labels.every(({ photos }) => Number.isInteger(photos)),
          'photos that are no number',
        );
      },
    };
  },
};

export const taughtJson: FuzzTarget = {
  name: 'taught-json',
  reads: ['src/retrieval/taught-file.ts'],
  codes: ['collection-invalid', 'hash-mismatch'],
  async open() {
    const corpus = [TAUGHT, encodeTaught({ notes: [], pictures: [] })];
    return {
      corpus,
      mutate: (input, dice) => mutateSealed(input, dice, corpus),
      fix: reseal,
      bombs: [nested(1_000_000)],
      read(input) {
        const { notes, pictures } = parseTaught(input);
        must(
          pictures.every((picture) => isSafeName(pictureFile(picture))),
          'a picture outside',
        );
        must(
          notes.every(({ text: note }) => typeof note === 'string'),
          'a note that is no text',
        );
      },
    };
  },
};

/** Numbers of the header, of the section table, and the first ones of each section. */
function shardFields(bytes: Bytes): Field[] {
  const fields: Field[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number) => fields.push({ at, size: 4, little: true });
  for (let at = 0; at < HEADER_BYTES; at += 4) word(at);
  for (let i = 0; i < view.getUint32(24, true); i++) {
    const entry = HEADER_BYTES + SECTION_ENTRY_BYTES * i;
    for (let at = 0; at < SECTION_ENTRY_BYTES; at += 4) word(entry + at);
    const begin = view.getUint32(entry + 8, true);
    for (let at = 0; at < 64; at += 4) word(begin + at);
  }
  return fields;
}

export const shard: FuzzTarget = {
  name: 'shard',
  reads: [
    'src/retrieval/shard.ts',
    'src/retrieval/reference-section.ts',
    'src/retrieval/stored-rows.ts',
  ],
  codes: ['collection-invalid'],
  async open() {
    const corpus = [
      encodeShard(madeRows(1), DIM),
      encodeShard(madeRows(7), DIM, 'fp16'),
      encodeShard(madeRows(9), DIM),
    ];
    return {
      corpus,
      mutate: (input, dice) => mutateBytes(input, dice, corpus, shardFields(input)),
      read(input) {
        const decoded = decodeShard(input, { dim: DIM, labels: LABELS });
        must(decoded.codes.length === decoded.rows * DIM, 'codes that do not fill its rows');
        for (const { embedding, label, bankSimilarity, view } of storedRows(decoded)) {
          const length = Math.hypot(...embedding);
          must(Math.abs(length - 1) < 0.01, `an embedding of length ${length}`);
          must(label < LABELS && Number.isFinite(bankSimilarity), 'a row that is none');
          must(view === undefined || view.tokens.every(Number.isFinite), 'a view of no numbers');
        }
        must(viewsOfShard(decoded).length <= decoded.rows, 'more views than rows');
      },
    };
  },
};

export const referenceViews: FuzzTarget = {
  name: 'reference-views',
  reads: ['src/retrieval/reference-section.ts'],
  codes: ['collection-invalid'],
  async open() {
    const corpus = [encodeViews(madeViews(3)), encodeViews([]), encodeViews(madeViews(1))];
    const fields = Array.from(
      { length: 16 },
      (_, i): Field => ({ at: 4 * i, size: 4, little: true }),
    ).concat(Array.from({ length: 24 }, (_, i): Field => ({ at: 2 * i, size: 2, little: true })));
    return {
      corpus,
      mutate: (input, dice) => mutateBytes(input, dice, corpus, fields),
      read(input) {
        for (const { row, view } of decodeViews(input, 4)) {
          must(row < 4 && view.cells.length % 2 === 0, 'a view that is none');
          must(
            view.tokens.length === (view.cells.length / 2) * view.channels,
            'tokens that do not fill its cells',
          );
          must(view.tokens.every(Number.isFinite), 'tokens that are no numbers');
          must(view.original.width > 0 && view.shrunk.height > 0, 'no size');
        }
      },
    };
  },
};

export const graph: FuzzTarget = {
  name: 'hnsw-graph',
  reads: ['src/retrieval/hnsw-graph.ts'],
  codes: ['internal'],
  async open() {
    const over = rowsOfShards([
      decodeShard(encodeShard(madeRows(40), DIM), { dim: DIM, labels: LABELS }),
    ]);
    const params = { ...HNSW, m: 4, efConstruction: 20, efSearch: 10 };
    const built = await HnswIndex.build(over, params);
    const corpus = [built.save()];
    built.close();
    const fields = Array.from(
      { length: 40 },
      (_, i): Field => ({ at: 4 * i, size: 4, little: true }),
    );
    return {
      corpus,
      mutate: (input, dice) => mutateBytes(input, dice, corpus, fields),
      read(input) {
        const file = expandGraph(input, over, params);
        must(file.length > input.length, 'a file without vectors');
      },
    };
  },
};

export const halfvec: FuzzTarget = {
  name: 'postgres-halfvec',
  reads: ['src/retrieval/postgres/codec.ts'],
  codes: ['collection-invalid'],
  async open() {
    const corpus = madeRows(5).map(({ embedding }) => new Uint8Array(encodeHalfvec(embedding)));
    const fields = [0, 2, 4, 6].map((at): Field => ({ at, size: 2, little: false }));
    return {
      corpus,
      mutate: (input, dice) => mutateBytes(input, dice, corpus, fields),
      read(input) {
        const out = new Float32Array(DIM);
        decodeHalfvec(Buffer.from(input), out);
        must(out.every(Number.isFinite), 'an embedding of no numbers');
        must(Math.abs(Math.hypot(...out) - 1) < 0.01, 'an embedding of another length than one');
      },
    };
  },
};
