// What an encoder does, whether it lives in a worker or in this process: a photo in, an embedding out.
import type { LongWork } from '../progress.ts';
import type { Timings } from '../verdict.ts';

/** `native` is onnxruntime-node, which Node uses where the user has installed it. */
export type Backend = 'webgpu' | 'wasm' | 'native';

/** Which backend runs and why, in words that diagnostics can show. */
export interface BackendReport {
  readonly backend: Backend;
  /** Threads that compute; 1 on WebGPU. */
  readonly threads: number;
  /** GPU adapter in words, or null. */
  readonly adapter: string | null;
  /** Why this backend was chosen over the other, such as "no WebGPU adapter". */
  readonly reason: string;
  /** Cosine of the golden self-test, −1..1. */
  readonly selfTest: number;
  /** True when WebGPU failed, in a self-test or later, and the encoder fell back to WASM. */
  readonly fellBack: boolean;
}

export interface EncoderInfo {
  readonly id: string;
  /** SHA-256 of the weights, lower-case hex: collections name the encoder they were made with. */
  readonly weightsSha256: string;
  readonly dim: number;
  readonly backend: BackendReport;
}

/** What was seen of the photo while decoding it. */
export interface PhotoInfo {
  /** As in `image/jpeg`, told by the file's first bytes, never by its name. */
  readonly mime: string;
  /** Pixels after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

export interface Encoding {
  /** [dim], L2-normalised. */
  readonly embedding: Float32Array;
  /** By the tuned network beside the encoder, L2-normalised; absent where none is in use. */
  readonly tuned?: Float32Array;
  readonly photo: PhotoInfo;
  readonly timings: Timings;
  /** Where it was computed: WebGPU may be given up after `open`. Left out where that cannot happen. */
  readonly backend?: BackendReport;
}

export interface Encoder {
  /** Loads, warms up and self-tests on first use; later calls return at once. */
  open(work?: LongWork): Promise<EncoderInfo>;
  /** Throws `photo-*` errors for photos that cannot be read, `inference-failed` for a bad result. */
  encode(photo: Blob | Uint8Array, work?: LongWork): Promise<Encoding>;
}
