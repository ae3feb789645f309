// libheif's files in Node: from the installed package.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { LibheifFiles } from './libheif.ts';

let files: Promise<LibheifFiles> | undefined;

/** Read once, by the first HEIC. */
export function libheifFiles(): Promise<LibheifFiles> {
  files ??= (async () => {
    const { default: create } = await import('libheif-js/libheif-wasm/libheif.js');
    const path = createRequire(import.meta.url).resolve('libheif-js/libheif-wasm/libheif.wasm');
    return { create, module: await WebAssembly.compile(await readFile(path)) };
  })();
  return files;
}
