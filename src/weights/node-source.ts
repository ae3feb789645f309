// Model files from a folder, in Node: each is hashed before it is used.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CairnError, throwIfAborted } from '../errors.ts';
import { type ModelSource, REGISTRY_FILE } from './load-registry.ts';
import { type Bytes, sha256Hex } from './sha256.ts';

/** @param folder holds registry.json and the files that it names */
export function folderSource(folder: string): ModelSource {
  return {
    registry: () => read(join(folder, REGISTRY_FILE)),
    async file(expected, work) {
      throwIfAborted(work?.signal);
      const path = join(folder, expected.file);
      const bytes = await read(path);
      if (bytes.byteLength === expected.bytes && (await sha256Hex(bytes)) === expected.sha256) {
        return bytes;
      }
      throw new CairnError(
        'hash-mismatch',
        `${path} is not the file that the registry names.`,
        'Restore the file, or fit the models again.',
      );
    },
  };
}

async function read(path: string): Promise<Bytes> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new CairnError(
      'model-missing',
      `${path} cannot be read.`,
      'Restore the models folder, or name another one.',
      { cause },
    );
  }
}
