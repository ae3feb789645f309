// The encoder in Node, in-process: models from a folder, photos decoded by sharp.
import { decodePhoto } from '../imaging/decode-node.ts';
import { folderSource } from '../weights/node-source.ts';
import type { BackendWish } from './backend.ts';
import { nodeRuntime } from './node-runtime.ts';
import { RegistryEncoder } from './registry-encoder.ts';

export interface NodeEncoderOptions {
  /** Folder with registry.json. */
  readonly models: string;
  /** Which encoder or ensemble; the registry's default when left out. */
  readonly encoder?: string;
  /** CAIRN_BACKEND or `auto` when left out. */
  readonly backend?: BackendWish;
}

/** `dispose` frees its sessions. Throws `usage` when CAIRN_BACKEND names no backend. */
export function createNodeEncoder(options: NodeEncoderOptions): RegistryEncoder {
  return new RegistryEncoder({
    runtime: nodeRuntime(),
    decode: decodePhoto,
    source: async () => folderSource(options.models),
    id: options.encoder,
    ...(options.backend ? { wish: options.backend } : {}),
  });
}
