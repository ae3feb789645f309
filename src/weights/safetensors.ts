// Safetensors files: a length, a JSON header, then raw little-endian tensors. Read with distrust, written
// with the same bytes every time. Format: github.com/huggingface/safetensors (README, "Format").
import { CairnError, shownValue } from '../errors.ts';
import { bfloat16ToFloat32, halfToFloat32 } from './half.ts';

/** Bytes an element; the types that PyTorch checkpoints use. */
export const ELEMENT_BYTES = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type DType = keyof typeof ELEMENT_BYTES;

/** One named array; `data` is its raw bytes, little-endian, row-major, maybe at an odd address. */
export interface WeightTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Tensors by name, as a file or a network holds them. */
export type Weights = ReadonlyMap<string, WeightTensor>;

/** As in the reference implementation: no honest header is longer. */
const MAX_HEADER_BYTES = 100_000_000;
/** No network has as many; reading takes time and memory by their number. */
const MAX_TENSORS = 100_000;
const LENGTH_BYTES = 8;
/** Tensor data starts at a multiple of this, so that aligned views are possible. */
const ALIGNMENT = 8;

function invalid(what: string, options?: ErrorOptions): CairnError {
  return new CairnError(
    'model-invalid',
    `The weights are no valid safetensors file: ${what}.`,
    'Download or convert the file again.',
    options,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readHeader(bytes: Uint8Array): { entries: [string, unknown][]; body: Uint8Array } {
  if (bytes.byteLength < LENGTH_BYTES) throw invalid('it is shorter than its length field');
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES || length > bytes.byteLength - LENGTH_BYTES) {
    throw invalid(`its header claims ${length} bytes`);
  }
  const end = LENGTH_BYTES + Number(length);
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      bytes.subarray(LENGTH_BYTES, end),
    );
    header = JSON.parse(text);
  } catch (cause) {
    throw invalid('its header is no JSON', { cause });
  }
  if (!isRecord(header)) throw invalid('its header is no JSON object');
  return { entries: Object.entries(header), body: bytes.subarray(end) };
}

function readEntry(name: string, entry: unknown, body: Uint8Array) {
  const shown = shownValue(name);
  if (!isRecord(entry)) throw invalid(`tensor ${shown} is no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENT_BYTES, dtype)) {
    throw invalid(`tensor ${shown} has the unknown type ${shownValue(dtype)}`);
  }
  if (!Array.isArray(shape) || !shape.every(isIndex)) {
    throw invalid(`tensor ${shown} has no valid shape`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isIndex)) {
    throw invalid(`tensor ${shown} has no valid offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, side) => product * side, ELEMENT_BYTES[dtype as DType]);
  if (begin > end || end > body.byteLength || end - begin !== bytes) {
    throw invalid(`tensor ${shown} of ${bytes} bytes claims the bytes ${begin} to ${end}`);
  }
  return { name, dtype: dtype as DType, shape: shape as number[], begin, end };
}

/**
 * Reads a safetensors file without copying: each tensor's `data` is a view into `bytes`, in file order.
 * Like the reference reader it refuses overlaps and gaps, so that nothing hides in a weights file.
 * Throws `model-invalid` for anything malformed.
 */
export function readSafetensors(bytes: Uint8Array): Map<string, WeightTensor> {
  const { entries, body } = readHeader(bytes);
  if (entries.length > MAX_TENSORS) throw invalid(`it claims ${entries.length} tensors`);
  const found = entries
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => readEntry(name, entry, body))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, WeightTensor>();
  let covered = 0;
  for (const { name, dtype, shape, begin, end } of found) {
    if (begin !== covered)
      throw invalid(`tensor ${shownValue(name)} overlaps another or leaves a gap`);
    covered = end;
    tensors.set(name, { dtype, shape, data: body.subarray(begin, end) });
  }
  if (covered !== body.byteLength) {
    throw invalid(`${body.byteLength - covered} bytes at its end belong to no tensor`);
  }
  return tensors;
}

/** The file's `__metadata__`: free text by key. Throws `model-invalid` as {@link readSafetensors} does. */
export function readSafetensorsMetadata(bytes: Uint8Array): Map<string, string> {
  const entry = readHeader(bytes).entries.find(([name]) => name === '__metadata__');
  if (!entry) return new Map();
  if (!isRecord(entry[1])) throw invalid('its metadata is no object');
  const metadata = new Map<string, string>();
  for (const [key, value] of Object.entries(entry[1])) {
    if (typeof value !== 'string') throw invalid(`its metadata ${shownValue(key)} is no text`);
    metadata.set(key, value);
  }
  return metadata;
}

/**
 * Writes a safetensors file. The bytes depend on the content alone, not on the order of the maps: wider
 * types come first, so that every tensor is aligned to its type, then names in code-unit order.
 * Throws `model-invalid` when a tensor's bytes do not fit its shape or a name is reserved.
 */
export function writeSafetensors(
  tensors: Weights,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      ELEMENT_BYTES[b.dtype] - ELEMENT_BYTES[a.dtype] ||
      byName(a.dtype, b.dtype) ||
      byName(nameA, nameB),
  );
  const header: [string, unknown][] = [];
  if (metadata.size > 0) {
    const pairs = [...metadata].sort(([a], [b]) => byName(a, b));
    header.push(['__metadata__', Object.fromEntries(pairs)]);
  }
  let offset = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === '__metadata__') throw invalid('a tensor is named __metadata__');
    const bytes = shape.reduce((product, side) => product * side, ELEMENT_BYTES[dtype]);
    if (bytes !== data.byteLength) {
      throw invalid(`tensor "${name}" has ${data.byteLength} bytes where its shape needs ${bytes}`);
    }
    header.push([name, { dtype, shape, data_offsets: [offset, offset + bytes] }]);
    offset += bytes;
  }
  // Joined by hand: an object would reorder names that look like integers.
  const json = `{${header.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`;
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.byteLength / ALIGNMENT) * ALIGNMENT;
  const out = new Uint8Array(LENGTH_BYTES + headerBytes + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  out.set(text, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of sorted) {
    out.set(data, at);
    at += data.byteLength;
  }
  return out;
}

/** A view of the bytes as `Type`, copied only when they lie at an address that is not aligned. */
function aligned<V>(
  data: Uint8Array,
  elementBytes: number,
  make: (buffer: ArrayBufferLike, offset: number, length: number) => V,
): V {
  const source = data.byteOffset % elementBytes === 0 ? data : data.slice();
  return make(source.buffer, source.byteOffset, source.byteLength / elementBytes);
}

/**
 * The tensor's values as float32, row-major; F32 without a copy where its address allows.
 * Throws `model-invalid` for types that are not floating point.
 */
export function toFloat32(tensor: WeightTensor, name = 'tensor'): Float32Array {
  const { dtype, data } = tensor;
  switch (dtype) {
    case 'F32':
      return aligned(data, 4, (buffer, at, length) => new Float32Array(buffer, at, length));
    case 'F16':
      return halfToFloat32(aligned(data, 2, (buffer, at, n) => new Uint16Array(buffer, at, n)));
    case 'BF16':
      return bfloat16ToFloat32(aligned(data, 2, (buffer, at, n) => new Uint16Array(buffer, at, n)));
    case 'F64':
      return Float32Array.from(
        aligned(data, 8, (buffer, at, n) => new Float64Array(buffer, at, n)),
      );
    default:
      throw new CairnError(
        'model-invalid',
        `${shownValue(name)} is of type ${dtype} where floating-point numbers are needed.`,
        'Convert the weights again.',
      );
  }
}

/** A float32 tensor for {@link writeSafetensors}; shares the values' memory. */
export function fromFloat32(values: Float32Array, shape: readonly number[]): WeightTensor {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: 'F32', shape, data };
}
