// Containers: read, opened for search, brought into a store, unpacked into a folder, taken over as taught.
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTaughtContainer } from '../../../src/app/teaching/taught-container.ts';
import { COLLECTION_FILE } from '../../../src/retrieval/collection.ts';
import { loadContainer, readContainer, writeContainer } from '../../../src/retrieval/container.ts';
import { importFolder } from '../../../src/retrieval/container-folder.ts';
import { importInstalled } from '../../../src/retrieval/installed-container.ts';
import { MemoryStore } from '../../../src/retrieval/memory-store.ts';
import { readCollectionFolder } from '../../../src/retrieval/read-folder.ts';
import { sealJson } from '../../../src/retrieval/sealed-json.ts';
import { TAUGHT_COLLECTION } from '../../../src/retrieval/taught-collection.ts';
import { pictureFile } from '../../../src/retrieval/taught-file.ts';
import type { Bytes } from '../../../src/weights/sha256.ts';
import { concat } from '../mutate/bytes.ts';
import { unsealed } from '../mutate/sealed.ts';
import { fixContainer, mutateContainer } from '../mutate/tar.ts';
import { type FuzzTarget, must, type OpenTarget } from '../target.ts';
import { isSafeName, madeFiles, PICTURES, TAUGHT } from './made.ts';

/** Without and with what was taught. @param name of the collection */
async function containers(name: string): Promise<Bytes[]> {
  const files = new Map((await madeFiles()).map(({ file, bytes }) => [file, bytes]));
  const value = unsealed(files.get(COLLECTION_FILE)!); // it is always written
  const content = {
    json: sealJson({ ...value, name }),
    shard: async ({ file }: { readonly file: string }) => files.get(file)!,
  };
  const taught = {
    json: TAUGHT,
    picture: async ({ id }: { readonly id: string }) => PICTURES[Number(id)]!,
  };
  return [
    await gathered(writeContainer(content)),
    await gathered(writeContainer({ ...content, taught })),
  ];
}

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Bytes> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return concat(...all);
}

/** In pieces of several lengths, which the bytes decide. */
async function* inChunks(bytes: Bytes): AsyncGenerator<Uint8Array> {
  const length = 1 + 97 * (bytes.length % 40);
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function containerTarget(
  read: OpenTarget['read'],
  rest: Partial<OpenTarget> = {},
  name = 'test',
): Promise<OpenTarget> {
  const corpus = await containers(name);
  return {
    corpus,
    mutate: (input, dice) => mutateContainer(input, dice, corpus),
    fix: fixContainer,
    read,
    ...rest,
  };
}

export const container: FuzzTarget = {
  name: 'container',
  reads: ['src/retrieval/container.ts', 'src/retrieval/ustar.ts'],
  codes: ['collection-invalid', 'hash-mismatch'],
  open: () =>
    containerTarget(async (input) => {
      for await (const part of readContainer(inChunks(input))) {
        must(isSafeName(part.file), `a file named ${part.file}`);
        if (part.kind === 'picture') must(part.file === pictureFile(part.picture), 'another name');
      }
      const { collection, shards } = await loadContainer(inChunks(input));
      must(collection.shards.length === shards.length, 'shards that are missing');
    }),
};

export const containerInstalled: FuzzTarget = {
  name: 'container-installed',
  reads: ['src/retrieval/installed-container.ts'],
  codes: ['collection-invalid', 'hash-mismatch'],
  open: () =>
    containerTarget(async (input) => {
      const store = new MemoryStore();
      try {
        const { shards } = await importInstalled(new Blob([input]), store, () => undefined);
        for (const { sha256 } of shards)
          must(await store.hasFile(sha256), 'a shard that is not there');
      } catch (thrown) {
        must((await store.listCollections()).length === 0, 'a collection from half a file');
        must((await store.listFiles()).length === 0, 'shards that nothing names');
        throw thrown;
      }
    }),
};

export const containerTaught: FuzzTarget = {
  name: 'container-taught',
  reads: ['src/app/teaching/taught-container.ts', 'src/retrieval/taught-collection.ts'],
  codes: ['collection-invalid', 'hash-mismatch', 'collection-mismatch'],
  open: () =>
    containerTarget(
      async (input) => {
        const { labels, notes } = await readTaughtContainer(new Blob([input]));
        must(labels.length > 0, 'nothing that was taught');
        for (const { photos } of labels) {
          must(
            photos.every(({ id }) => /^[0-9a-f]{32}$/.test(id)),
            'a photo without a name',
          );
        }
        must(
          [...notes.values()].every((note) => note.length <= 1000),
          'a note that is too long',
        );
      },
      {},
      TAUGHT_COLLECTION,
    ),
};

/** What lies beside the folder that is unpacked into, and must stay as it is. */
const CANARY = 'canary.bin';

export const containerFolder: FuzzTarget = {
  name: 'container-folder',
  reads: ['src/retrieval/container-folder.ts', 'src/retrieval/write-folder.ts'],
  codes: ['collection-invalid', 'hash-mismatch'],
  async open() {
    const root = await mkdtemp(join(tmpdir(), 'cairn-fuzz-'));
    const inside = join(root, 'inside');
    await mkdir(inside);
    await writeFile(join(root, CANARY), CANARY);
    // A link out of the folder, under the name of a file of the container: it must be replaced, not followed.
    await symlink(join(root, CANARY), join(inside, COLLECTION_FILE));
    const file = join(inside, 'in.cairn');
    const target = join(inside, 'out');
    return containerTarget(
      async (input) => {
        await writeFile(file, input);
        let thrown: unknown = null;
        const written = await importFolder(file, target).catch((cause: unknown) => {
          thrown = cause;
          return null;
        });
        must((await readdir(root)).join() === `${CANARY},inside`, 'a file outside');
        must((await readFile(join(root, CANARY), 'utf8')) === CANARY, 'a changed file outside');
        const around = (await readdir(inside)).filter((name) => name !== 'out').join();
        must(around === `${COLLECTION_FILE},in.cairn`, `files left beside the folder: ${around}`);
        if (written === null) {
          must((await lstat(target).catch(() => null)) === null, 'half a folder');
          throw thrown;
        }
        await readCollectionFolder(target);
        for (const name of await readdir(target)) {
          must((await lstat(join(target, name))).isFile(), 'something that is no plain file');
        }
        await rm(target, { recursive: true });
      },
      { close: () => rm(root, { recursive: true, force: true }) },
    );
  },
};
