// Reference views: kept in a shard as int8, read back with distrust, matched without pictures.
import { describe, expect, test } from 'vitest';
import { drawScene } from '../../src/imaging/drawn.ts';
import { chooseBackend } from '../../src/inference/backend.ts';
import { openLoftr } from '../../src/inference/loftr-network.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import { toMatchingPicture } from '../../src/matching/picture.ts';
import type { ReferenceView } from '../../src/matching/reference-view.ts';
import { loftrParameters } from '../../src/nets/loftr/loftr.ts';
import { LOFTR } from '../../src/nets/loftr/specs.ts';
import { startWeights } from '../../src/nets/parameters.ts';
import { seededRandom } from '../../src/random.ts';
import { parseCollection } from '../../src/retrieval/collection.ts';
import {
  decodeViews,
  encodeViews,
  type StoredView,
  viewsOfShard,
} from '../../src/retrieval/reference-section.ts';
import { openShard } from '../../src/retrieval/shard.ts';
import { type CollectionRow, writeCollection } from '../../src/retrieval/writer.ts';
import type { Bytes } from '../../src/weights/sha256.ts';

const CHANNELS = 16;

function view(seed: number, kept: number): ReferenceView {
  const random = seededRandom(seed);
  return {
    original: { width: 640 + seed, height: 480 },
    shrunk: { width: 320, height: 240 },
    cells: Uint8Array.from({ length: 2 * kept }, () => Math.floor(random() * 40)),
    channels: CHANNELS,
    tokens: Float32Array.from({ length: kept * CHANNELS }, () => 8 * random() - 4),
  };
}

const VIEWS: readonly StoredView[] = [
  { row: 1, view: view(1, 5) },
  { row: 2, view: view(2, 0) },
  { row: 6, view: view(3, 7) },
];

describe('the section', () => {
  test('gives back what went in, numbers to half a step of int8', () => {
    const found = decodeViews(encodeViews(VIEWS), 7);
    expect(found.map(({ row }) => row)).toEqual([1, 2, 6]);
    for (const [i, { view: own }] of found.entries()) {
      const { tokens, ...rest } = VIEWS[i]!.view;
      expect(own).toMatchObject(rest);
      for (let j = 0; j < tokens.length; j += CHANNELS) {
        const token = tokens.subarray(j, j + CHANNELS);
        const peak = Math.max(...token.map(Math.abs));
        for (const [c, value] of token.entries()) {
          expect(Math.abs(own.tokens[j + c]! - value)).toBeLessThan((0.505 * peak) / 127 + 1e-6);
        }
      }
    }
  });

  test('keeps a cell of zeros', () => {
    const dark = { ...view(1, 1), tokens: new Float32Array(CHANNELS) };
    const [found] = decodeViews(encodeViews([{ row: 0, view: dark }]), 1);
    expect(found!.view.tokens).toEqual(dark.tokens);
  });

  test('is refused where it says what cannot be', () => {
    const damaged = (at: number, value: number): Bytes => {
      const bytes = encodeViews(VIEWS);
      new DataView(bytes.buffer).setUint32(at, value, true);
      return bytes;
    };
    const cases: readonly (readonly [Bytes, RegExp])[] = [
      [encodeViews(VIEWS).subarray(0, 10), /end after 10 bytes/],
      [encodeViews(VIEWS).subarray(0, -1), /bytes long/],
      [damaged(0, 8), /8 views are claimed of 7 rows/],
      [damaged(4, 5000), /5000 numbers/],
      [damaged(8, 0xffffffff), /bytes long/],
      [damaged(12, 1), /reserved/],
      [damaged(16, 7), /row 7/],
      [damaged(32, 1), /row 1/],
      [damaged(20, 0), /no size/],
      [damaged(28, 13), /beyond the last/],
      [damaged(28, 4), /belong to no view/],
    ];
    for (const [bytes, reason] of cases) {
      expect(() => decodeViews(bytes.slice(), 7), String(reason)).toThrow(
        expect.objectContaining({
          code: 'collection-invalid',
          message: expect.stringMatching(reason),
        }),
      );
    }
    const scales = 16 + 3 * 16 + 24;
    const bytes = encodeViews(VIEWS);
    new DataView(bytes.buffer).setUint16(scales, 0x7c00, true); // infinity
    expect(() => decodeViews(bytes, 7)).toThrow(/no number/);
  });

  test('is decoded where it is wanted alone, numbers elsewhere unseen', () => {
    const bytes = encodeViews(VIEWS);
    const all = decodeViews(bytes, 7);
    expect(decodeViews(bytes, 7, (row) => row === 6)).toEqual([all[2]]);
    expect(decodeViews(bytes, 7, () => false)).toEqual([]);
    new DataView(bytes.buffer).setUint16(16 + 3 * 16 + 24, 0x7e00, true); // no number, in row 1
    expect(decodeViews(bytes, 7, (row) => row === 6)).toEqual([all[2]]);
    expect(() => decodeViews(bytes, 7, (row) => row === 1)).toThrow(/no number/);
  });

  test('has no more cells in a view than a picture, which comparing would take all memory for', () => {
    const whole = { ...view(1, 6400), channels: 1, tokens: new Float32Array(6400) };
    const bytes = encodeViews([{ row: 0, view: whole }]);
    expect(decodeViews(bytes, 1)[0]!.view.cells).toHaveLength(2 * 6400);
    const more = { ...view(1, 6401), channels: 1, tokens: new Float32Array(6401) };
    expect(() => encodeViews([{ row: 0, view: more }])).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
    const two = [0, 1].map((row) => ({
      row,
      view: { ...view(1, 3300), channels: 1, tokens: new Float32Array(3300) },
    }));
    const claimed = encodeViews(two);
    new DataView(claimed.buffer).setUint32(16 + 12, 6500, true);
    expect(() => decodeViews(claimed, 2)).toThrow(/6500 cells, more than 6400/);
  });

  test('takes no views of two networks, and no photo that is too large', () => {
    const other = { ...view(4, 1), channels: 8 };
    const large = { ...view(4, 1), original: { width: 70_000, height: 10 } };
    for (const wrong of [other, large]) {
      expect(() => encodeViews([VIEWS[0]!, { row: 3, view: wrong }])).toThrow(
        expect.objectContaining({ code: 'usage' }),
      );
    }
  });
});

const HEAD = {
  name: 'views',
  encoder: { id: 'e', weightsSha256: 'a'.repeat(64) },
  bank: { sha256: 'b'.repeat(64) },
  matcher: { id: 'm', weightsSha256: 'c'.repeat(64) },
  dimension: 2,
  licence: 'none',
  attribution: '',
  labels: [
    {
      label: 'one',
      title: { en: 'one', zh: 'one' },
      country: null,
      lat: null,
      lon: null,
      wikidata: null,
    },
  ],
};

const row = (own?: ReferenceView): CollectionRow => ({
  embedding: Float32Array.of(1, 0),
  label: 0,
  bankSimilarity: 0,
  view: own,
});

async function written(rows: readonly CollectionRow[], maxShardBytes?: number) {
  const files = new Map<string, Bytes>();
  let json: Bytes | undefined;
  for await (const { file, bytes } of writeCollection(
    HEAD,
    rows,
    maxShardBytes ? { maxShardBytes } : {},
  )) {
    files.set(file, bytes);
    json = bytes;
  }
  const collection = parseCollection(json!);
  const shards = await Promise.all(
    collection.shards.map((entry) =>
      openShard(files.get(entry.file)!, entry, { dim: 2, labels: 1 }),
    ),
  );
  return { collection, shards };
}

describe('a collection', () => {
  test('names the matcher and carries views beside rows that have none', async () => {
    const { collection, shards } = await written([row(), row(VIEWS[0]!.view), row()]);
    expect(collection.matcher).toEqual(HEAD.matcher);
    expect(viewsOfShard(shards[0]!).map((each) => each.row)).toEqual([1]);
    const plain = await written([row()]);
    expect(viewsOfShard(plain.shards[0]!)).toEqual([]);
  });

  test('keeps shards small with views too', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => row(view(i, 20)));
    const most = 3000;
    const { shards, collection } = await written(rows, most);
    expect(shards.length).toBeGreaterThan(1);
    for (const { bytes } of collection.shards) expect(bytes).toBeLessThanOrEqual(most);
    expect(shards.flatMap((shard) => viewsOfShard(shard))).toHaveLength(12);
  });

  test('has no views without a matcher', async () => {
    const { matcher, ...head } = HEAD;
    const files = writeCollection(head, [row(view(1, 1))]);
    await expect(files.next()).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('matching', () => {
  const open = async (fixed?: number) => {
    const runtime = nodeRuntime();
    const choice = chooseBackend('wasm', await runtime.facts());
    const weights = startWeights(loftrParameters(LOFTR.tiny!), 3);
    return openLoftr(runtime, choice, weights, 'tiny', fixed);
  };
  const options = { threshold: 0, border: 0 };

  test('with every cell kept is matching with the picture, coarsely; padded shapes change nothing', async () => {
    const pictures = [0, 1].map((n) =>
      toMatchingPicture(drawScene(1, n), { cell: 8, longestSide: 96 }),
    );
    const network = await open();
    const [a, b] = [await network.features(pictures[0]!), await network.features(pictures[1]!)];
    const all = Int32Array.from(
      { length: b.picture.cells.width * b.picture.cells.height },
      (_, i) => i,
    );
    const kept = network.views!.keep(b, all);
    const whole = await network.match(a, b, options);
    const coarse = await network.views!.match(a, kept, options);
    expect(coarse.points.length).toBeGreaterThan(0);
    expect(coarse.points.length).toBe(whole.points.length);
    // First picture's points are not refined: they are the same.
    for (let i = 0; i < whole.points.length; i += 5) {
      expect(coarse.points[i]).toBe(whole.points[i]);
      expect(coarse.points[i + 1]).toBe(whole.points[i + 1]);
    }
    await network.release();
    const fixed = await open(512);
    const padded = await fixed.views!.match(await fixed.features(pictures[0]!), kept, options);
    expect(padded.points.length).toBe(coarse.points.length);
    await fixed.release();
  });

  test('computes the positions of a shape of pictures once', async () => {
    const given: Float32Array[] = [];
    const runtime = nodeRuntime();
    const network = await openLoftr(
      {
        ...runtime,
        async createSession(onnx, choice) {
          const session = await runtime.createSession(onnx, choice);
          return {
            ...session,
            run: (inputs) => {
              for (const name of ['positions0', 'positions1']) {
                if (inputs[name]) given.push(inputs[name].data);
              }
              return session.run(inputs);
            },
          };
        },
      },
      chooseBackend('wasm', await runtime.facts()),
      startWeights(loftrParameters(LOFTR.tiny!), 3),
      'tiny',
    );
    const features = (longestSide: number) =>
      network.features(toMatchingPicture(drawScene(1, 0), { cell: 8, longestSide }));
    const [large, small] = [await features(96), await features(64)];
    await network.match(large, small);
    await network.match(small, large);
    expect(given).toHaveLength(4);
    expect(given[3]).toBe(given[0]);
    expect(given[2]).toBe(given[1]);
    expect(given[0]).not.toEqual(given[1]);
    await network.release();
  });

  test('of nothing kept finds nothing, and another network’s view is refused', async () => {
    const network = await open();
    const a = await network.features(
      toMatchingPicture(drawScene(1, 0), { cell: 8, longestSide: 64 }),
    );
    const { points } = await network.views!.match(a, view(2, 0), options);
    expect(points).toHaveLength(0);
    const other = { ...view(1, 3), channels: 12 };
    await expect(network.views!.match(a, other)).rejects.toMatchObject({ code: 'usage' });
    await network.release();
  });
});
