// libheif in WebAssembly (package libheif-js, LGPL-3.0), the part of it that is used here. Its two files stay files of
// their own in a build, so that another build of libheif may take their place; they are fetched with the first HEIC.
import type createLibheif from 'libheif-js/libheif-wasm/libheif.js';
import { CairnError } from '../../errors.ts';
import { corruptPhoto } from '../photo-errors.ts';

export interface LibheifFiles {
  /** The package's libheif.js. */
  readonly create: typeof createLibheif;
  /** Its libheif.wasm. */
  readonly module: WebAssembly.Module;
}

/** Within `heif_security_limits` (libheif/heif_security.h): the most pixels of one picture, 64 bits, little-endian. */
const MAX_PIXELS_AT = 8;
/** What it is unless changed, 32768²: says that the struct still is as we know it. */
const MAX_PIXELS_DEFAULT = 32_768 ** 2;

/** What libheif answers in place of a result. */
interface HeifFailure {
  readonly code: { readonly value: number } | number;
  readonly message?: string;
}

interface HeifChannel {
  readonly id: unknown;
  readonly width: number;
  readonly height: number;
  /** Bytes from row to row. */
  readonly stride: number;
  /** Within libheif's memory: gone once the picture is released. */
  readonly data: Uint8Array;
}

export interface HeifPixels {
  readonly width: number;
  readonly height: number;
  readonly premultiplied: boolean;
  /** RGBA bytes of a row, good until the next call. */
  row(y: number): Uint8Array;
}

/**
 * Decodes the primary picture of a file with its turns and mirrors carried out, and hands it to `use`. A WASM memory
 * never shrinks, so each photo has one of its own, which goes when `use` is over.
 * @param maxPixels of any picture in the file, also of those that its header does not tell of
 * @throws CairnError `photo-corrupt`; `backend-unavailable` where libheif itself cannot run
 */
export function withPrimaryPicture<T>(
  files: LibheifFiles,
  bytes: Uint8Array,
  maxPixels: number,
  use: (pixels: HeifPixels) => T,
): T {
  const heif = start(files, maxPixels);
  const context = heif.heif_context_alloc();
  const read = heif.heif_context_read_from_memory(context, bytes);
  if (failed(read)) throw failure(read);
  const handle = heif.heif_js_context_get_primary_image_handle(context);
  if (!handle || failed(handle)) throw failure(handle);
  const decoded = heif.heif_js_decode_image2(
    handle,
    heif.heif_colorspace.heif_colorspace_RGB,
    heif.heif_chroma.heif_chroma_interleaved_RGBA,
  ) as { readonly channels?: readonly HeifChannel[] } | HeifFailure | undefined;
  const interleaved = heif.heif_channel.heif_channel_interleaved;
  const channels = decoded && 'channels' in decoded ? decoded.channels : undefined;
  const channel = channels?.find(({ id }) => id === interleaved);
  if (!channel) throw failure(decoded);
  const { width, height, stride, data } = channel;
  return use({
    width,
    height,
    premultiplied: heif.heif_image_handle_is_premultiplied_alpha(handle) !== 0,
    row: (y) => data.subarray(y * stride, y * stride + 4 * width),
  });
}

/** Nothing here depends on the photo, so nothing that goes wrong here is told as damage to it. */
function start({ create, module }: LibheifFiles, maxPixels: number): ReturnType<typeof create> {
  let heif: ReturnType<typeof create>;
  let memory: DataView;
  let limit: number;
  let found: bigint;
  let fault: unknown;
  try {
    heif = create({
      // Synchronous, and without another copy of the file in memory.
      instantiateWasm(
        imports: WebAssembly.Imports,
        done: (instance: WebAssembly.Instance) => void,
      ) {
        try {
          const instance = new WebAssembly.Instance(module, imports);
          done(instance);
          return instance.exports;
        } catch (thrown) {
          // Left to libheif.js, it would reject a promise that nobody has; without exports it fails by itself.
          fault = thrown;
          return undefined;
        }
      },
      print: () => undefined,
      printErr: () => undefined,
    });
    memory = new DataView(heif.HEAPU8.buffer);
    limit = heif._heif_get_global_security_limits() + MAX_PIXELS_AT;
    found = memory.getBigUint64(limit, true);
  } catch (cause) {
    throw libheifUnusable('it does not start, perhaps for want of memory', fault ?? cause);
  }
  if (found !== BigInt(MAX_PIXELS_DEFAULT)) {
    throw libheifUnusable('this build of libheif has other limits than Cairn knows how to set');
  }
  memory.setBigUint64(limit, BigInt(maxPixels), true);
  return heif;
}

/** @throws CairnError `backend-unavailable` */
export async function compileLibheif(wasm: BufferSource): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(wasm);
  } catch (cause) {
    throw libheifUnusable('its WebAssembly cannot be compiled', cause);
  }
}

/** A fault of ours or of the device, not of the photo. */
export function libheifUnusable(why: string, cause?: unknown): CairnError {
  return new CairnError(
    'backend-unavailable',
    `What reads HEIC photos cannot run: ${why}.`,
    'Close other programs or pages and try again, or export the photo as a JPEG.',
    cause === undefined ? undefined : { cause },
  );
}

function failed(answer: unknown): answer is HeifFailure {
  const code = (answer as Partial<HeifFailure> | null)?.code;
  return code !== undefined && (typeof code === 'number' ? code : code.value) !== 0;
}

function failure(answer: unknown): Error {
  const message = (answer as Partial<HeifFailure> | null | undefined)?.message;
  return corruptPhoto('its pixels cannot be decoded', message && new Error(message));
}
