// Two spaces side by side: comparable similarities, one verdict of two, and a collection that follows.
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepPicture } from '../../src/app/teaching/pictures.ts';
import {
  dropTunedCollections,
  TunedNetwork,
  tunableNetwork,
} from '../../src/app/teaching/tuned-network.ts';
import { CairnError } from '../../src/errors.ts';
import { NonLandmarkBank } from '../../src/rerank/non-landmark-bank.ts';
import { RERANK } from '../../src/rerank/presets.ts';
import { type RerankTrace, scoreLabels } from '../../src/rerank/rerank.ts';
import type { Neighbour } from '../../src/retrieval/search.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import {
  readTaught,
  type TaughtLabel,
  tunedCollection,
  writeTaught,
} from '../../src/retrieval/taught-collection.ts';
import { bankLevel, comparable, mergeTraces, sliceRows } from '../../src/retrieval/tuned-space.ts';
import type { DeviceFacts, TuningNeeds } from '../../src/training/adapter/tuning-data.ts';
import { lastStageRefusal } from '../../src/training/tuning/last-stage-needs.ts';
import { tunedId } from '../../src/training/tuning/tuned-network.ts';
import type { EncoderEntry, Registry } from '../../src/weights/registry.ts';
import { sha256Hex } from '../../src/weights/sha256.ts';
import { HEX, randomUnits } from './retrieval-fixtures.ts';

const DIM = 8;

describe('a similarity of the tuned space', () => {
  const original = { mean: 0.1, deviation: 0.08 };

  it('stays what it is while both spaces are alike', () => {
    for (const similarity of [-0.3, 0, 0.5, 0.97]) {
      const levels = { original, tuned: original };
      expect(comparable(similarity, levels)).toBeCloseTo(similarity, 12);
    }
  });

  it('is read as far above what chance gives, in deviations', () => {
    // (0.62 − 0.22) / 0.1 = 4 deviations; 0.1 + 4 · 0.08 = 0.42.
    const levels = { original, tuned: { mean: 0.22, deviation: 0.1 } };
    expect(comparable(0.62, levels)).toBeCloseTo(0.42, 12);
    expect(comparable(0.22, levels)).toBeCloseTo(0.1, 12);
    // Order is kept, and no cosine leaves −1..1.
    expect(comparable(0.63, levels)).toBeGreaterThan(comparable(0.62, levels));
    expect(comparable(1, { original, tuned: { mean: 0, deviation: 0.01 } })).toBe(1);
    expect(comparable(-1, { original, tuned: { mean: 0, deviation: 0.01 } })).toBe(-1);
  });

  it('is only shifted where a bank says nothing of the scale', () => {
    const flat = { mean: 0.2, deviation: 0 };
    expect(comparable(0.5, { original, tuned: flat })).toBeCloseTo(0.4, 12);
  });

  it('takes its level from all photos of the bank', () => {
    const bank = Float32Array.of(1, 0, 0, 1, -1, 0, 0.6, 0.8);
    const { mean, deviation } = bankLevel(Float32Array.of(1, 0), bank);
    expect(mean).toBeCloseTo(0.15, 6);
    expect(deviation).toBeCloseTo(Math.sqrt((1 + 0 + 1 + 0.36) / 4 - 0.15 ** 2), 6);
  });
});

const neighbour = (row: number, label: number, similarity: number): Neighbour => ({
  row,
  label,
  similarity,
  bankSimilarity: 0.2,
});

function traceOf(
  found: readonly Neighbour[],
  queryBank: number,
  means: ReadonlyMap<number, number> = new Map(),
): RerankTrace {
  return {
    engine: 'exact',
    nearest: found,
    ...scoreLabels(found, means, RERANK),
    queryBank,
  };
}

describe('one recognition from two', () => {
  const same = { mean: 0.1, deviation: 0.1 };
  const own = [neighbour(3, 1, 0.8), neighbour(0, 0, 0.5)];
  const tuned = [neighbour(1, 0, 0.9), neighbour(0, 1, 0.6)];

  it('has the labels’ means of both, the nearer where a label is in both', () => {
    const merged = mergeTraces(
      traceOf(
        own,
        0.3,
        new Map([
          [1, 0.5],
          [0, 0.25],
        ]),
      ),
      {
        trace: traceOf(
          tuned,
          0.7,
          new Map([
            [0, 0.75],
            [1, 0.625],
          ]),
        ),
        levels: { original: same, tuned: same },
        places: [2, 1],
        rowsBefore: 10,
      },
      RERANK,
    );
    expect([...merged.means].map(([label, mean]) => [label, Number(mean.toFixed(9))])).toEqual([
      [1, 0.625],
      [0, 0.25],
      [2, 0.75],
    ]);
    expect(merged.ranked[0]!.label).toBe(2);
  });

  it('is that of one space where both are alike', () => {
    const merged = mergeTraces(
      traceOf(own, 0.3),
      {
        trace: traceOf(tuned, 0.7),
        levels: { original: same, tuned: same },
        places: [2, 1],
        rowsBefore: 10,
      },
      RERANK,
    );
    const all = [
      neighbour(11, 2, 0.9),
      neighbour(3, 1, 0.8),
      neighbour(10, 1, 0.6),
      neighbour(0, 0, 0.5),
    ];
    for (const [i, { similarity, ...rest }] of merged.nearest.entries()) {
      const { similarity: expected, ...others } = all[i]!;
      expect(rest).toEqual(others);
      expect(similarity).toBeCloseTo(expected, 12);
    }
    // How close the photo is to the bank is the original's to say.
    const whole = traceOf(all, 0.3);
    expect(merged.queryBank).toBe(0.3);
    expect(merged.penalised.map(({ label }) => label)).toEqual(
      whole.penalised.map(({ label }) => label),
    );
    expect(merged.penalised[0]!.votes).toBeCloseTo(whole.penalised[0]!.votes, 12);
  });

  it('lets a tuned space that calls everything similar win nothing by that', () => {
    const inflated = tuned.map((one) => ({ ...one, similarity: one.similarity / 2 + 0.5 }));
    const merged = mergeTraces(
      traceOf(own, 0.3),
      {
        trace: traceOf(inflated, 0.7),
        levels: { original: same, tuned: { mean: 0.55, deviation: 0.05 } },
        places: [2, 1],
        rowsBefore: 10,
      },
      RERANK,
    );
    expect(merged.nearest.map(({ row }) => row)).toEqual([11, 3, 10, 0]);
    expect(merged.nearest[0]!.similarity).toBeCloseTo(0.9, 12);
  });
});

describe('the part of an ensemble that is tuned', () => {
  const entry = (id: string, dim: number) =>
    ({ id, dim, input: { views: [32 * dim] } }) as unknown as EncoderEntry;
  const registry: Registry = {
    version: 1,
    defaultEncoder: 'both',
    encoders: [entry('a', 4), entry('b', 6)],
    ensembles: [
      {
        id: 'both',
        title: 'both',
        members: [
          { encoder: 'a', weight: 1 },
          { encoder: 'b', weight: 2 },
        ],
        bank: { file: 'x', bytes: 1, sha256: HEX('a') },
        decision: { file: 'x', bytes: 1, sha256: HEX('a') },
      },
    ],
  };

  it('is the member that weighs most, where its numbers lie', () => {
    expect(tunableNetwork(registry)).toMatchObject({
      entry: { id: 'b' },
      slice: { from: 4, dim: 6 },
    });
    const [both] = registry.ensembles!;
    const alike = both!.members.map((member) => ({ ...member, weight: 1 })).reverse();
    const equal = { ...registry, ensembles: [{ ...both!, members: alike }] };
    // Of equals, the one that sees photos largest.
    expect(tunableNetwork(equal)).toMatchObject({ entry: { id: 'b' }, slice: { from: 0, dim: 6 } });
    expect(tunableNetwork({ ...registry, defaultEncoder: 'a' })).toMatchObject({
      entry: { id: 'a' },
      slice: { from: 0, dim: 4 },
    });
  });

  it('is cut out of each row and of unit length', () => {
    const rows = Float32Array.of(9, 3, 4, 9, 0, 2);
    const cut = sliceRows(rows, 3, { from: 1, dim: 2 });
    for (const [i, x] of [0.6, 0.8, 0, 1].entries()) expect(cut[i]).toBeCloseTo(x, 6);
    expect(sliceRows(rows, 3, { from: 0, dim: 3 })).toBe(rows);
  });
});

let number = 0;
const freshStore = (): Promise<CairnStore> => openStore({ name: `tuned-${number++}` });

const id = (n: number) => n.toString(16).padStart(32, '0');

function taught(label: string, ids: readonly number[]): TaughtLabel {
  const title = { en: label, zh: label };
  return {
    facts: { label, title, country: null, lat: null, lon: null, wikidata: null },
    photos: ids.map((n) => ({ id: id(n), embedding: randomUnits(1, DIM, n + 1) })),
  };
}

describe('the collection of a tuned network', () => {
  beforeEach(() => vi.stubGlobal('navigator', {}));
  afterEach(() => vi.unstubAllGlobals());

  const head = {
    encoder: { id: 'e', weightsSha256: HEX('a') },
    bank: { sha256: HEX('b') },
    dimension: DIM,
  };
  const entry = { id: 'e', dim: DIM } as EncoderEntry;

  /** An encoder that gives each picture another embedding than the original did. */
  async function world() {
    const store = await freshStore();
    const seen: string[] = [];
    let broken = false;
    const encoder = {
      useTuned: async () => null,
      encodeTuned: async (photo: Blob | Uint8Array) => {
        const text = await (photo as Blob).text();
        if (broken) throw new CairnError('aborted', 'gone', 'again');
        seen.push(text);
        const embedding = randomUnits(1, DIM, 1000 + Number(text));
        return { embedding, photo: { mime: '', width: 1, height: 1, bytes: 1 }, timings: {} };
      },
    };
    const bytes = Uint8Array.of(4, 5, 6);
    const network = await TunedNetwork.open(bytes, {
      store,
      encoder,
      entry,
      slice: { from: 0, dim: DIM },
      bank: new NonLandmarkBank(randomUnits(5, DIM, 3), DIM),
      bankSha256: HEX('b'),
    });
    const write = async (labels: TaughtLabel[]) => {
      for (const { photos } of labels) {
        for (const photo of photos) {
          const blob = new Blob([`${Number.parseInt(photo.id, 16)}`]);
          await keepPicture(store, photo.id, { blob, name: 'x' });
        }
      }
      await writeTaught(store, { head, labels }, () => 0);
    };
    return {
      store,
      network,
      bytes,
      seen,
      write,
      breakOff: (now: boolean) => {
        broken = now;
      },
    };
  }

  it('follows what is taught: embeds what is new, drops what is gone, touches nothing else', async () => {
    const { store, network, bytes, seen, write } = await world();
    expect(network.collection).toBe(tunedCollection(await sha256Hex(bytes)));
    await write([taught('gate', [1, 2]), taught('hall', [3])]);
    await network.follow();
    expect(seen).toEqual(['1', '2', '3']);
    const first = (await readTaught(store, network.collection))!;
    expect(first.head.encoder).toEqual({
      id: tunedId(entry),
      weightsSha256: await sha256Hex(bytes),
    });
    expect(first.labels.map(({ photos }) => photos.map((one) => one.id))).toEqual([
      [id(1), id(2)],
      [id(3)],
    ]);
    const before = (await store.getCollection(network.collection))!.files;
    await network.follow();
    expect((await store.getCollection(network.collection))!.files).toEqual(before);
    await write([taught('gate', [2, 4])]);
    await network.follow();
    expect(seen).toEqual(['1', '2', '3', '4']);
    const second = (await readTaught(store, network.collection))!;
    expect(second.labels.flatMap(({ photos }) => photos.map((one) => one.id))).toEqual([
      id(2),
      id(4),
    ]);
    // The original embeddings are as they were: undoing needs nothing else.
    const original = (await readTaught(store))!;
    expect(original.head).toEqual(head);
    expect(original.labels[0]!.photos).toHaveLength(2);
    await write([]);
    await network.follow();
    expect(await store.getCollection(network.collection)).toBeUndefined();
  });

  it('is whole or not there when it is broken off, and goes on from there', async () => {
    const { store, network, write, breakOff } = await world();
    await write([taught('gate', [1, 2])]);
    breakOff(true);
    await expect(network.follow()).rejects.toThrow(/gone/);
    expect(await store.getCollection(network.collection)).toBeUndefined();
    breakOff(false);
    await network.follow();
    expect((await readTaught(store, network.collection))!.labels[0]!.photos).toHaveLength(2);
  });

  it('goes when its network is neither in use nor the way back', async () => {
    const { store, network, bytes, write } = await world();
    await write([taught('gate', [1])]);
    await network.follow();
    await dropTunedCollections(store, [bytes]);
    expect(await store.getCollection(network.collection)).toBeDefined();
    await dropTunedCollections(store, []);
    expect(await store.getCollection(network.collection)).toBeUndefined();
    expect(await readTaught(store)).not.toBeNull();
  });
});

describe('tuning head and last stage', () => {
  it('is refused with its reason', () => {
    const needs: TuningNeeds = { taught: [4], knownLandmarks: 200, rows: 3000, dim: 512 };
    const device: DeviceFacts = { persistent: true, storageLeft: 1e9, memory: 8e9 };
    const pictures = { missing: 0, bytes: 1e6 };
    const none = { persistent: true, storageLeft: null, memory: null };
    expect(lastStageRefusal(needs, device, pictures)).toBeNull();
    expect(lastStageRefusal(needs, none, pictures)).toBeNull();
    expect(lastStageRefusal({ ...needs, taught: [] }, device, pictures)).toBe('nothing-taught');
    expect(lastStageRefusal({ ...needs, taught: [1] }, device, pictures)).toBe('few-photos');
    expect(lastStageRefusal({ ...needs, taught: [2, 2] }, device, pictures)).toBe('few-photos');
    expect(lastStageRefusal(needs, device, { missing: 1, bytes: 1 })).toBe('no-pictures');
    expect(lastStageRefusal(needs, { ...device, persistent: false }, pictures)).toBe('no-storage');
    expect(lastStageRefusal(needs, { ...device, storageLeft: 5e7 }, pictures)).toBe(
      'little-storage',
    );
    expect(lastStageRefusal(needs, { ...device, memory: 2 ** 30 }, pictures)).toBe('little-memory');
    expect(lastStageRefusal({ ...needs, taught: [2000] }, device, pictures)).toBe('little-memory');
  });
});
