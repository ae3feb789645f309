// libheif's files in a browser: fetched, as they are, with the first HEIC that the browser cannot read itself.
import scriptUrl from 'libheif-js/libheif-wasm/libheif.js?url';
import wasmUrl from 'libheif-js/libheif-wasm/libheif.wasm?url';
import { CairnError } from '../../errors.ts';
import { heicReaderMissing } from '../photo-errors.ts';
import { compileLibheif, type LibheifFiles } from './heif-decoder.ts';

let files: Promise<LibheifFiles> | undefined;
/**
 * By itself, since it may be here before the WASM is: a script is evaluated once for its address, and what it defined
 * then is not to be had again.
 */
let factory: Promise<LibheifFiles['create']> | undefined;
let failedImports = 0;

/** Throws CairnError `download-failed`, `backend-unavailable`; a later call tries again. */
export function libheifFiles(): Promise<LibheifFiles> {
  files ??= fetchFiles().catch((cause: unknown) => {
    files = undefined;
    if (cause instanceof CairnError) throw cause;
    throw heicReaderMissing(cause);
  });
  return files;
}

async function fetchFiles(): Promise<LibheifFiles> {
  const [create, response] = await Promise.all([fetchFactory(), fetch(wasmUrl)]);
  if (!response.ok) throw new Error(`${wasmUrl} was answered by ${response.status}`);
  // Not compiled while streaming: hosts that do not know .wasm send it as another type.
  return { create, module: await compileLibheif(await response.arrayBuffer()) };
}

function fetchFactory(): Promise<LibheifFiles['create']> {
  factory ??= importScript().catch((cause: unknown) => {
    factory = undefined;
    failedImports++;
    throw cause;
  });
  return factory;
}

/** What a script for AMD loaders, as libheif.js is outside Node, calls with what it defines. */
type Define = ((needs: readonly string[], make: () => LibheifFiles['create']) => void) & {
  amd?: object;
};

/**
 * Bundlers would write the script anew into every worker. As a file it is one for all of them, and another build of
 * libheif may take its place; but it exports nothing to modules, so it is met as an AMD loader would.
 */
async function importScript(): Promise<LibheifFiles['create']> {
  const scope = globalThis as { define?: Define | undefined };
  let create: LibheifFiles['create'] | undefined;
  const define: Define = (_, make) => {
    create = make();
  };
  define.amd = {};
  scope.define = define;
  const url = new URL(scriptUrl, import.meta.url);
  // Some browsers keep an import that failed, under its address.
  if (failedImports > 0) url.search = String(failedImports);
  try {
    await import(/* @vite-ignore */ url.href);
  } finally {
    scope.define = undefined;
  }
  if (!create) throw new Error(`${scriptUrl} defines nothing`);
  return create;
}
