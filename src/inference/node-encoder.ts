// The encoder in Node, in-process: models from a folder, photos decoded by sharp.
import { decodePhoto } from '../imaging/decode-node.ts';
import { folderSource } from '../weights/node-source.ts';
import type { BackendWish } from './backend.ts';
import { loadEncoderModel } from './load-encoder.ts';
import { nodeRuntime } from './node-runtime.ts';
import { OrtEncoder } from './ort-encoder.ts';

export interface NodeEncoderOptions {
  /** Folder with registry.json. */
  readonly models: string;
  /** Which encoder; the registry's default when left out. */
  readonly encoder?: string;
  /** CAIRN_BACKEND or `auto` when left out. */
  readonly backend?: BackendWish;
}

/** `dispose` frees its session. Throws `usage` when CAIRN_BACKEND names no backend. */
export function createNodeEncoder(options: NodeEncoderOptions): OrtEncoder {
  return new OrtEncoder({
    runtime: nodeRuntime(),
    decode: decodePhoto,
    load: (work) => loadEncoderModel(folderSource(options.models), options.encoder, work),
    ...(options.backend ? { wish: options.backend } : {}),
  });
}
