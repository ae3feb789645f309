// Small collections as containers, for the tests of both ends.
import { COLLECTION_FILE } from '../../src/retrieval/collection.ts';
import { type ContainerContent, writeContainer } from '../../src/retrieval/container.ts';
import { encodeTaught, type PictureEntry } from '../../src/retrieval/taught-file.ts';
import type { CollectionFile } from '../../src/retrieval/writer.ts';
import { type Bytes, sha256Sync } from '../../src/weights/sha256.ts';

export function contentOf(files: readonly CollectionFile[]): ContainerContent {
  const byName = new Map(files.map(({ file, bytes }) => [file, bytes]));
  return {
    json: byName.get(COLLECTION_FILE)!,
    shard: async ({ file }) => byName.get(file)!,
  };
}

/** Notes and pictures of nothing in particular: `bytes[i]` is the content of picture i. */
export function taughtOf(bytes: readonly Bytes[]): NonNullable<ContainerContent['taught']> {
  const pictures = bytes.map(
    (picture, i): PictureEntry => ({
      id: String(i).padStart(32, '0'),
      name: `Foto ${i} 照片.jpg`,
      type: 'image/webp',
      bytes: picture.length,
      sha256: sha256Sync(picture),
    }),
  );
  return {
    json: encodeTaught({ notes: [{ label: 'place_0', text: 'by the river 河边' }], pictures }),
    picture: async ({ id }) => bytes[Number(id)]!,
  };
}

export async function bytesOf(content: ContainerContent): Promise<Bytes> {
  return join(await gathered(writeContainer(content)));
}

export async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function join(chunks: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

export async function* inChunks(bytes: Uint8Array, length = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
