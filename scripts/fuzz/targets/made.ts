// Small collections that several targets damage, all of seeded numbers.
import { COLLECTION_FILE } from '../../../src/retrieval/collection.ts';
import type { StoredView } from '../../../src/retrieval/reference-section.ts';
import { sealJson } from '../../../src/retrieval/sealed-json.ts';
import { encodeTaught, type PictureEntry } from '../../../src/retrieval/taught-file.ts';
import type { CollectionFile, CollectionRow } from '../../../src/retrieval/writer.ts';
import { type Bytes, sha256Sync } from '../../../src/weights/sha256.ts';
import { filesOf, headOf, rowsOf, seeded } from '../../../tests/unit/retrieval-fixtures.ts';
import { unsealed } from '../mutate/sealed.ts';

export const DIM = 16;
export const LABELS = 3;

export function madeViews(count: number): StoredView[] {
  const random = seeded(3);
  const cells = 4;
  return Array.from({ length: count }, (_, row) => ({
    row,
    view: {
      original: { width: 640, height: 480 },
      shrunk: { width: 64, height: 48 },
      cells: Uint8Array.from({ length: 2 * cells }, (_, i) => i % 6),
      channels: 8,
      tokens: Float32Array.from({ length: 8 * cells }, () => random() - 0.5),
    },
  }));
}

/** Some with views of themselves. */
export function madeRows(count: number): CollectionRow[] {
  const views = madeViews(2);
  return rowsOf(count, LABELS, DIM, count).map((row, i) => ({
    ...row,
    ...(views[i] ? { view: views[i].view } : {}),
  }));
}

export async function madeFiles(): Promise<readonly CollectionFile[]> {
  const head = { ...headOf(LABELS, DIM), name: 'test' };
  const matcher = { id: 'matcher-a', weightsSha256: 'c'.repeat(64) };
  return filesOf({ ...head, matcher }, madeRows(6), { maxShardBytes: 2048 });
}

export async function collectionJsons(): Promise<Bytes[]> {
  const { bytes } = (await madeFiles()).find(({ file }) => file === COLLECTION_FILE)!; // it is always written
  return [bytes, withDeleted(bytes)];
}

/** Of format 2: the first row of the first shard is marked. */
function withDeleted(bytes: Bytes): Bytes {
  const value = structuredClone(unsealed(bytes)) as {
    formatVersion: number;
    shards: { deleted?: number[] }[];
    labels: { photos: number }[];
  };
  value.formatVersion = 2;
  value.shards[0]!.deleted = [0];
  value.labels[0]!.photos -= 1;
  return sealJson(value);
}

export const PICTURES: readonly Bytes[] = [Uint8Array.of(1, 2, 3), new Uint8Array(700).fill(7)];

export const PICTURE_ENTRIES = PICTURES.map(
  (picture, i): PictureEntry => ({
    id: String(i).padStart(32, '0'),
    name: `Foto ${i} 照片.jpg`,
    type: 'image/webp',
    bytes: picture.length,
    sha256: sha256Sync(picture),
  }),
);

export const TAUGHT: Bytes = encodeTaught({
  notes: [{ label: 'place_0', text: 'by the river 河边' }],
  pictures: PICTURE_ENTRIES,
});

/** A name that stays where it is put, and is a file, on every system. */
export function isSafeName(name: string): boolean {
  return (
    !/[\\/:\0]/.test(name) &&
    !/^\.|[. ]$/.test(name) &&
    !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name) &&
    name.length > 0 &&
    name.length <= 255
  );
}
