// libheif's files in Node: from the installed package.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { CairnError } from '../../errors.ts';
import { compileLibheif, type LibheifFiles, libheifUnusable } from './heif-decoder.ts';

let files: Promise<LibheifFiles> | undefined;

/** Read once, by the first HEIC. Throws CairnError `backend-unavailable`. */
export function libheifFiles(): Promise<LibheifFiles> {
  files ??= (async () => {
    const { default: create } = await import('libheif-js/libheif-wasm/libheif.js');
    const path = createRequire(import.meta.url).resolve('libheif-js/libheif-wasm/libheif.wasm');
    return { create, module: await compileLibheif(await readFile(path)) };
  })().catch((cause: unknown) => {
    files = undefined;
    throw cause instanceof CairnError
      ? cause
      : libheifUnusable('the package libheif-js is not installed as a whole', cause);
  });
  return files;
}
