// Shards: round trip within the precision of their number type; every kind of damage is refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCollection } from '../../src/retrieval/collection.ts';
import {
  decodeShard,
  HEADER_BYTES,
  openShard,
  rowVector,
  SECTION_ENTRY_BYTES,
  SECTION_REQUIRED,
} from '../../src/retrieval/shard.ts';
import { encodeShard, writeCollection } from '../../src/retrieval/writer.ts';
import { filesOf, headOf, loadFiles, rowsOf } from './retrieval-fixtures.ts';

const DIM = 24;
const EXPECTED = { dim: DIM, labels: 3 };
const good = encodeShard(rowsOf(7, 3, DIM, 1), DIM);

/** The good shard after a change to its bytes. */
function damaged(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array<ArrayBuffer> {
  const bytes = good.slice();
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}

/** Where the section table says that the i-th section begins. */
function sectionAt(view: DataView, i: number): number {
  return view.getUint32(HEADER_BYTES + i * SECTION_ENTRY_BYTES + 8, true);
}

describe('shard', () => {
  it.each([
    ['int8', 0.9995],
    ['fp16', 0.999999],
  ] as const)('of %s gives back rows, labels, similarities and sources', (dtype, cosine) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 80 }),
        fc.nat(1e6),
        (count, dim, seed) => {
          const rows = rowsOf(count, 3, dim, seed);
          const shard = decodeShard(encodeShard(rows, dim, dtype), { dim, labels: 3 });
          const vector = new Float32Array(dim);
          for (const [i, row] of rows.entries()) {
            rowVector(shard, i, vector);
            const dot = vector.reduce((sum, x, j) => sum + x * row.embedding[j]!, 0);
            const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
            expect(dot).toBeGreaterThan(cosine);
            expect(length).toBeCloseTo(1, 5);
            expect(shard.labels[i]).toBe(row.label);
            expect(shard.bankSimilarity[i]).toBe(row.bankSimilarity);
            expect(shard.sources!.slice(i * 16, i * 16 + 16)).toEqual(row.source!.slice(0, 16));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('without sources has none', () => {
    const rows = rowsOf(3, 3, DIM, 1).map(({ source: _, ...row }) => row);
    expect(decodeShard(encodeShard(rows, DIM), EXPECTED).sources).toBeNull();
  });

  it('is read from an unaligned place too', () => {
    const shifted = new Uint8Array(good.length + 3).subarray(3);
    shifted.set(good);
    expect(decodeShard(shifted, EXPECTED).labels).toEqual(decodeShard(good, EXPECTED).labels);
  });

  it('hands unknown sections through, unless they are marked as required', () => {
    const view = { kind: 99, flags: 0, bytes: Uint8Array.of(1, 2, 3) };
    const rows = rowsOf(3, 3, DIM, 1);
    const shard = decodeShard(encodeShard(rows, DIM, 'int8', [view]), EXPECTED);
    expect(shard.extra).toEqual([view]);
    const required = { ...view, flags: SECTION_REQUIRED };
    expect(() => decodeShard(encodeShard(rows, DIM, 'int8', [required]), EXPECTED)).toThrowError(
      /kind 99.*update Cairn/,
    );
  });

  it.each([
    ['magic', damaged((_, b) => b.fill(0, 0, 8)), /wrong magic/],
    ['version', damaged((v) => v.setUint32(8, 2, true)), /shard version 2/],
    ['rows', damaged((v) => v.setUint32(12, 8, true)), /"embeddings" is 168 bytes long/],
    ['no rows', damaged((v) => v.setUint32(12, 0, true)), /no rows/],
    [
      'dimension',
      damaged((v) => v.setUint32(16, 25, true)),
      /25-d embeddings, the collection 24-d/,
    ],
    ['number type', damaged((v) => v.setUint32(20, 9, true)), /number type is unknown/],
    ['sections', damaged((v) => v.setUint32(24, 1e9, true)), /claims 1000000000 sections/],
    ['reserved', damaged((v) => v.setUint32(28, 1, true)), /reserved/],
    [
      'missing section',
      damaged((v) => v.setUint32(HEADER_BYTES, 77, true)),
      /lacks the section "embeddings"/,
    ],
    ['section offset', damaged((v) => v.setUint32(HEADER_BYTES + 8, 8, true)), /outside its place/],
    [
      'section length',
      damaged((v) => v.setUint32(HEADER_BYTES + 12, 2 ** 31, true)),
      /outside its place/,
    ],
    [
      'doubled section',
      damaged((v) => v.setUint32(HEADER_BYTES + SECTION_ENTRY_BYTES, 1, true)),
      /comes twice/,
    ],
    ['label', damaged((v) => v.setUint32(sectionAt(v, 2), 3, true)), /row 0 has label 3 of 3/],
    [
      'NaN bank',
      damaged((v) => v.setFloat32(sectionAt(v, 3), Number.NaN, true)),
      /bank similarity NaN/,
    ],
    ['NaN scale', damaged((v) => v.setFloat32(sectionAt(v, 1), Number.NaN, true)), /length NaN/],
    ['zero scale', damaged((v) => v.setFloat32(sectionAt(v, 1), 0, true)), /length 0/],
    ['trailing bytes', new Uint8Array([...good, 0]), /bytes follow/],
    ['empty', new Uint8Array(0), /ends after 0 bytes/],
  ])('with a wrong %s is refused', (_, bytes, message) => {
    expect(() => decodeShard(bytes, EXPECTED, 'a.bin')).toThrowError(
      expect.objectContaining({
        code: 'collection-invalid',
        message: expect.stringMatching(message),
      }),
    );
  });

  it('with NaN in an fp16 embedding is refused', () => {
    const bytes = encodeShard(rowsOf(2, 3, DIM, 1), DIM, 'fp16');
    const view = new DataView(bytes.buffer);
    view.setUint16(sectionAt(view, 0), 0x7e00, true);
    expect(() => decodeShard(bytes, EXPECTED)).toThrowError(/length NaN/);
  });

  it('never breaks the reader, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }),
        (edits) => {
          const bytes = good.slice();
          for (const [at, value] of edits) bytes[at] = value;
          try {
            decodeShard(bytes, EXPECTED);
          } catch (error) {
            expect(error).toMatchObject({ name: 'CairnError', code: 'collection-invalid' });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is refused with any one byte changed, or any length changed', async () => {
    const files = await filesOf(headOf(3, DIM), rowsOf(7, 3, DIM, 1));
    const entry = parseCollection(files[1]!.bytes).shards[0]!;
    const { bytes } = files[0]!;
    await expect(openShard(bytes, entry, EXPECTED)).resolves.toMatchObject({ rows: 7 });
    for (let position = 0; position < bytes.length; position++) {
      const wrong = bytes.slice();
      wrong[position]! ^= 1 << (position % 8);
      await expect(openShard(wrong, entry, EXPECTED)).rejects.toMatchObject({
        code: 'hash-mismatch',
      });
    }
    await expect(openShard(bytes.slice(0, -1), entry, EXPECTED)).rejects.toMatchObject({
      code: 'hash-mismatch',
      message: expect.stringMatching(/bytes long instead of/),
    });
  });
});

describe('writer', () => {
  it('splits rows into shards of at most the given size, in order', async () => {
    const rows = rowsOf(100, 3, DIM, 2);
    const files = await filesOf(headOf(3, DIM), rows, { maxShardBytes: 2048 });
    const { collection, shards } = await loadFiles(files);
    expect(shards.length).toBeGreaterThan(2);
    expect(Math.max(...collection.shards.map((shard) => shard.bytes))).toBeLessThanOrEqual(2048);
    expect(shards.flatMap((shard) => [...shard.labels])).toEqual(rows.map((row) => row.label));
    expect(new Set(collection.shards.map((shard) => shard.file)).size).toBe(shards.length);
  });

  it.each([
    ['length', { embedding: new Float32Array(DIM + 1).fill(0.2) }, /embedding has 25 numbers/],
    ['norm', { embedding: new Float32Array(DIM).fill(1) }, /length 4\.89/],
    ['NaN', { embedding: new Float32Array(DIM).fill(Number.NaN) }, /length NaN/],
    ['label', { label: 3 }, /no label 3/],
    ['bank', { bankSimilarity: Number.NaN }, /bank similarity is NaN/],
  ])('refuses a row with a wrong %s', async (_, change, message) => {
    const rows = rowsOf(2, 3, DIM, 1).map((row) => ({ ...row, ...change }));
    await expect(writeCollection(headOf(3, DIM), rows).next()).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
  });

  it('stops when told', async () => {
    const signal = AbortSignal.abort();
    await expect(
      writeCollection(headOf(3, DIM), rowsOf(2, 3, DIM, 1), { signal }).next(),
    ).rejects.toMatchObject({ code: 'aborted' });
  });
});
