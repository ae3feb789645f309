// Model files from a web address, in browsers: downloaded once, verified, kept in a store.
import type { ByteStore } from './byte-store.ts';
import { downloadSmall, downloadVerified } from './download.ts';
import { type ModelSource, REGISTRY_FILE } from './load-registry.ts';

const MAX_REGISTRY_BYTES = 1 << 20;

/** @param base address of the folder that holds registry.json, absolute, ending in a slash */
export function webSource(base: string, store: ByteStore): ModelSource {
  return {
    registry: (work) => downloadSmall(new URL(REGISTRY_FILE, base).href, MAX_REGISTRY_BYTES, work),
    file: ({ file, bytes, sha256 }, work) =>
      downloadVerified({ url: new URL(file, base).href, bytes, sha256, name: file }, store, work),
  };
}
