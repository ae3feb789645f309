// What was taught, exported to a file and imported again: whole, merged with what is there, or not at all.
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTransfers, type Transfer } from '../../src/app/teach/transfer.ts';
import { changeTaught } from '../../src/app/teaching/change-taught.ts';
import { type ImportParts, importTaught } from '../../src/app/teaching/import-taught.ts';
import { mergeTaught } from '../../src/app/teaching/merge-taught.ts';
import { readNotes, writeNotes } from '../../src/app/teaching/notes.ts';
import { keepPicture, pictureOf } from '../../src/app/teaching/pictures.ts';
import { exportTaught } from '../../src/app/teaching/taught-container.ts';
import { CairnError } from '../../src/errors.ts';
import type { Encoder } from '../../src/inference/encoder.ts';
import { TaskQueue } from '../../src/inference/task-queue.ts';
import { parseCollection } from '../../src/retrieval/collection.ts';
import { readContainer, writeContainer } from '../../src/retrieval/container.ts';
import type { LabelFacts } from '../../src/retrieval/labels.ts';
import { type CairnStore, openStore } from '../../src/retrieval/store.ts';
import {
  readTaught,
  TAUGHT_COLLECTION,
  type TaughtHead,
  type TaughtLabel,
  writeTaught,
} from '../../src/retrieval/taught-collection.ts';
import { contentOf, gathered, join } from './container-fixtures.ts';
import { filesOf, HEX, headOf, randomUnits, rowsOf } from './retrieval-fixtures.ts';

const DIM = 16;
const HEAD: TaughtHead = {
  encoder: { id: 'encoder-a', weightsSha256: HEX('a') },
  bank: { sha256: HEX('b') },
  dimension: DIM,
};
const GATE = 'taught_00000000000a';
const HALL = 'taught_00000000000b';
const idOf = (n: number) => n.toString(16).padStart(32, '0');

function factsOf(label: string, en = label, zh = en): LabelFacts {
  return { label, title: { en, zh }, country: null, lat: null, lon: null, wikidata: null };
}

/** Photos `first`, `first + 1`, … of a landmark. */
function labelOf(facts: LabelFacts, first: number, photos: number): TaughtLabel {
  const vectors = randomUnits(photos, DIM, first);
  return {
    facts,
    photos: Array.from({ length: photos }, (_, i) => ({
      id: idOf(first + i),
      embedding: vectors.slice(i * DIM, (i + 1) * DIM),
    })),
  };
}

let number = 0;
const freshStore = (): Promise<CairnStore> => openStore({ name: `keeping-${number++}` });

async function taughtStore(
  labels: readonly TaughtLabel[],
  notes: Record<string, string>,
  { head = HEAD, pictures = true } = {},
): Promise<CairnStore> {
  const store = await freshStore();
  await writeTaught(store, { head, labels }, () => 0.25);
  await writeNotes(store, notes);
  if (!pictures) return store;
  for (const { id } of labels.flatMap(({ photos }) => photos)) {
    const blob = new Blob([`copy of ${id}`], { type: 'image/webp' });
    await keepPicture(store, id, { blob, name: `${id}.jpg` });
  }
  return store;
}

const NO_ENCODER: Encoder = {
  open: () => Promise.reject(new Error('not asked for')),
  encode: () => Promise.reject(new Error('not asked for')),
};

function partsOf(store: CairnStore, more: Partial<ImportParts> = {}): ImportParts {
  return {
    store,
    head: HEAD,
    encoder: NO_ENCODER,
    queue: new TaskQueue(),
    known: [factsOf('tower', 'Old Tower', '古塔')],
    change: (how, copies) =>
      changeTaught(
        { store, encoder: NO_ENCODER, head: HEAD, bankSimilarity: () => 0.25 },
        how,
        copies,
      ),
    ...more,
  };
}

async function everything(store: CairnStore) {
  const taught = await readTaught(store);
  const pictures = await store.listValues('taught/picture/');
  return { taught, notes: await readNotes(store), pictures };
}

const estimate = vi.fn(async () => ({ quota: 1e9, usage: 0 }));
beforeEach(() => {
  vi.stubGlobal('navigator', { storage: { estimate } });
});
afterEach(() => {
  vi.unstubAllGlobals();
  estimate.mockClear();
});

describe('a file of taught landmarks', () => {
  const labels = [labelOf(factsOf(GATE, 'Gate'), 1, 3), labelOf(factsOf(HALL, 'Hall'), 10, 2)];

  it('leaves out what was removed, which the store still has', async () => {
    const [gate, hall] = [
      labelOf(factsOf(GATE, 'Gate'), 1, 3),
      labelOf(factsOf(HALL, 'Hall'), 9, 8),
    ];
    const tower = labelOf(factsOf('taught_00000000000d', 'Tower'), 30, 8);
    const five = [
      gate,
      hall,
      tower,
      labelOf(factsOf('taught_00000000000e', 'Mill'), 50, 8),
      labelOf(factsOf('taught_00000000000f', 'Quay'), 60, 8),
    ];
    const store = await taughtStore(five, { [GATE]: 'gone', [HALL]: 'stays' });
    const left = [{ ...hall, photos: hall.photos.slice(1) }, ...five.slice(2)];
    await writeTaught(store, { head: HEAD, labels: left }, () => 0.25);
    const stored = parseCollection((await store.getCollection(TAUGHT_COLLECTION))!.json);
    expect(stored.shards[0]!.deleted).toEqual([0, 1, 2, 3]);
    expect(stored.labels[0]).toMatchObject({ label: GATE, photos: 0 });
    const before = stored.shards.map(({ sha256 }) => sha256);

    const file = await exportTaught(store);
    const parts = [];
    for await (const part of readContainer(file.stream())) parts.push(part);
    const [made] = parts.flatMap((part) => (part.kind === 'collection' ? [part.collection] : []));
    expect(made!.shards.map(({ rows, deleted }) => [rows, deleted])).toEqual([[31, undefined]]);
    expect(made!.labels.map(({ label }) => label)).not.toContain(GATE);
    const notes = parts.flatMap((part) => (part.kind === 'taught' ? part.taught.notes : []));
    expect(notes).toEqual([{ label: HALL, text: 'stays' }]);
    const there = await freshStore();
    await importTaught(file, partsOf(there));
    expect((await readTaught(there))!.labels).toEqual((await readTaught(store))!.labels);
    // The store is as it was: a removal may still be undone.
    expect((await store.getCollection(TAUGHT_COLLECTION))!.files).toEqual(before);
  });

  it('comes back whole in an empty browser: landmarks, notes, copies', async () => {
    const store = await taughtStore(labels, { [GATE]: 'by the river', gone: 'of nothing' });
    const file = await exportTaught(store);
    const there = await freshStore();
    const seen: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) =>
      seen.push(done / total);
    const imported = await importTaught(file, partsOf(there), { onProgress });
    expect(imported).toEqual({ landmarks: 2, photos: 5, leftOut: 0 });
    const { taught, notes, pictures } = await everything(there);
    expect(taught).toEqual(await readTaught(store));
    expect(notes).toEqual({ [GATE]: 'by the river' });
    expect(pictures).toHaveLength(5);
    const { blob, name } = (await pictureOf(there, idOf(2)))!;
    expect([await blob.text(), blob.type, name]).toEqual([
      `copy of ${idOf(2)}`,
      'image/webp',
      `${idOf(2)}.jpg`,
    ]);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBeGreaterThan(0.9);
    // Once more: nothing is new.
    const again = await importTaught(file, partsOf(there));
    expect(again).toEqual({ landmarks: 0, photos: 0, leftOut: 0 });
    expect(await everything(there)).toEqual({ taught, notes, pictures });
  });

  it('is added to what is there: the same photo once, the same name one landmark', async () => {
    const file = await exportTaught(
      await taughtStore([...labels, labelOf(factsOf('not one of ours', 'old tower'), 20, 1)], {
        [GATE]: 'theirs',
        [HALL]: 'theirs',
      }),
    );
    const other = 'taught_00000000000c';
    const there = await taughtStore(
      [labelOf(factsOf(GATE, 'My gate'), 1, 1), labelOf(factsOf(other, 'HALL'), 30, 1)],
      { [GATE]: 'mine' },
    );
    expect(await importTaught(file, partsOf(there))).toEqual({
      landmarks: 3,
      photos: 5,
      leftOut: 0,
    });
    const { taught, notes } = await everything(there);
    const summary = taught!.labels.map(({ facts, photos }) => [
      facts.label,
      facts.title.en,
      photos.map(({ id }) => Number.parseInt(id, 16)),
    ]);
    expect(summary).toEqual([
      [GATE, 'My gate', [1, 2, 3]],
      [other, 'HALL', [30, 10, 11]],
      ['tower', 'Old Tower', [20]],
    ]);
    expect(notes).toEqual({ [GATE]: 'mine', [other]: 'theirs' });
  });

  it('is described anew where another encoder made it; photos without a copy are left out', async () => {
    const head = { ...HEAD, encoder: { id: 'encoder-z', weightsSha256: HEX('9') } };
    const store = await taughtStore(labels, {}, { head });
    await store.deleteValue(`taught/picture/${idOf(1)}`);
    const file = await exportTaught(store);
    const [embedding] = [randomUnits(1, DIM, 99)];
    const encode = vi.fn(async (_photo: Blob) => ({ embedding }));
    const encoder = { encode } as unknown as Encoder;
    const there = await freshStore();
    const parts = partsOf(there, { encoder });
    expect(await importTaught(file, parts)).toEqual({ landmarks: 2, photos: 4, leftOut: 1 });
    expect(encode).toHaveBeenCalledTimes(4);
    expect((await readTaught(there))!.head).toEqual(HEAD);

    const bare = await exportTaught(await taughtStore(labels, {}, { head, pictures: false }));
    const failing = importTaught(bare, partsOf(await freshStore(), { encoder }));
    await expect(failing).rejects.toMatchObject({ code: 'collection-mismatch' });
  });

  it('leaves nothing behind when it is damaged, stopped, too large, or cannot be stored', async () => {
    const file = await exportTaught(await taughtStore(labels, { [GATE]: 'note' }));
    const there = await taughtStore([labelOf(factsOf(HALL, 'Hall'), 40, 1)], { [HALL]: 'mine' });
    const before = await everything(there);
    const fails = async (given: Blob, code: string, more = {}, work = {}) => {
      const importing = importTaught(given, partsOf(there, more), work);
      await expect(importing).rejects.toMatchObject({ code });
      expect(await everything(there)).toEqual(before);
    };
    const bytes = new Uint8Array(await file.arrayBuffer());
    await fails(file.slice(0, file.size - 1), 'collection-invalid');
    bytes[bytes.length - 1536]! ^= 1; // in a copy of a photo
    await fails(new Blob([bytes]), 'hash-mismatch');
    await fails(new Blob(['<!doctype html>']), 'collection-invalid');
    const stop = new AbortController();
    await fails(file, 'aborted', {}, { signal: stop.signal, onProgress: () => stop.abort() });
    const change = () => Promise.reject(new CairnError('storage-full', 'No room.', 'Make some.'));
    await fails(file, 'storage-full', { change });
    const put = vi.spyOn(there, 'putFile');
    vi.spyOn(there, 'putCollection').mockRejectedValueOnce(
      new CairnError('storage-full', 'No room.', 'Make some.'),
    );
    await fails(file, 'storage-full');
    const written = put.mock.calls.map(([sha256]) => sha256);
    expect(written).toHaveLength(1);
    expect(await there.hasFile(written[0]!)).toBe(false);
    estimate.mockResolvedValueOnce({ quota: 1000, usage: 900 });
    await fails(file, 'storage-full');
  });

  it('is refused where it holds another collection', async () => {
    const files = await filesOf(headOf(2, DIM), rowsOf(4, 2, DIM, 1));
    const file = new Blob([join(await gathered(writeContainer(contentOf(files))))]);
    const there = await freshStore();
    await expect(importTaught(file, partsOf(there))).rejects.toMatchObject({
      code: 'collection-mismatch',
      message: expect.stringContaining('test'),
    });
    expect(await everything(there)).toEqual({ taught: null, notes: {}, pictures: [] });
  });
});

describe('merging', () => {
  it('gives labels that could be anything one of ours', () => {
    const given = ['__proto__', 'constructor', '../x'].map((label, i) =>
      labelOf(factsOf(label, `Place ${i}`), 10 * i, 1),
    );
    const notes = new Map([['__proto__', 'a note']]);
    const merged = mergeTaught({ labels: [], notes: {} }, { labels: given, notes }, []);
    expect(merged.added).toEqual({ landmarks: 3, photos: 3 });
    const made = merged.labels.map(({ facts }) => facts.label);
    for (const label of made) expect(label).toMatch(/^taught_[0-9a-f]{12}$/);
    expect(merged.notes).toEqual({ [made[0]!]: 'a note' });
  });
});

describe('transfers', () => {
  const file = new Blob(['12345']);

  it('tell how far they are and what became of them, one at a time', async () => {
    const seen: Transfer['at'][] = [];
    const saved: string[] = [];
    const transfers = createTransfers({
      teaching: {
        exported: async () => file,
        import: async (_file, work) => {
          work?.onProgress?.({ stage: 'open-collection', done: 1, total: 5, unit: 'bytes' });
          return { landmarks: 1, photos: 2, leftOut: 0 };
        },
      },
      save: (_file, name) => saved.push(name),
      left: async () => 3,
      onChange: ({ at }) => seen.push(at),
    });
    const exporting = transfers.export();
    await transfers.import(file); // nothing: one is under way
    await exporting;
    expect(saved).toEqual([expect.stringMatching(/^my-landmarks-\d{4}-\d\d-\d\d\.cairn$/)]);
    expect(transfers.transfer.value).toMatchObject({ at: 'exported', bytes: 5 });
    await transfers.import(file);
    expect(seen).toEqual(['running', 'exported', 'running', 'imported']);
    transfers.dismiss();
    expect(transfers.transfer.value).toBeNull();
  });

  it('say what is needed and what is left when there is no room, and stop when told', async () => {
    const teaching = {
      exported: async () => file,
      import: async (_file: Blob, work?: { signal?: AbortSignal | undefined }) => {
        await new Promise((done) => setTimeout(done));
        const code = work?.signal?.aborted ? 'aborted' : 'storage-full';
        throw new CairnError(code, 'It did not work.', 'Try again.');
      },
    };
    const transfers = createTransfers({ teaching, save: () => undefined, left: async () => 3 });
    await transfers.import(file);
    expect(transfers.transfer.value).toMatchObject({ room: { needed: 5, left: 3 } });
    const importing = transfers.import(file);
    transfers.stop();
    await importing;
    expect(transfers.transfer.value).toMatchObject({
      at: 'failed',
      error: { code: 'aborted' },
      room: null,
    });
  });
});
