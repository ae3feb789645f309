// The section "coarseFeatures" of a shard: reference views in int8. docs/format.md is the specification.
import { CairnError } from '../errors.ts';
import { cellsKept, type ReferenceView } from '../matching/reference-view.ts';
import { float32ToHalf, halfToFloat32 } from '../weights/half.ts';
import type { Bytes } from '../weights/sha256.ts';
import { SECTION, type Shard } from './shard.ts';

const HEADER_NUMBERS = 4;
const VIEW_BYTES = 16;
const INT8_MAX = 127;
/** More numbers a cell than any network of ours has: keeps a hostile file from asking for memory. */
const MAX_CHANNELS = 4096;
/**
 * Cells of 8 × 8 pixels in the largest picture that is matched, 640 × 640. Comparing takes memory by the cells
 * of both pictures: more would let a hostile file end the worker.
 */
const MAX_CELLS = 80 * 80;

/** A view and the row of the shard that it belongs to. */
export interface StoredView {
  readonly row: number;
  readonly view: ReferenceView;
}

/**
 * The bytes of the section. Views have one number of channels; sides of photos are at most 65 535 pixels.
 * Throws `usage` for views that cannot be kept together.
 */
export function encodeViews(views: readonly StoredView[]): Bytes {
  const channels = views[0]?.view.channels ?? 0;
  const total = views.reduce((sum, { view }) => sum + cellsKept(view), 0);
  const parts = layout(views.length, total, channels);
  const bytes = new Uint8Array(parts.end);
  const data = new DataView(bytes.buffer);
  for (const [i, value] of [views.length, channels, total, 0].entries()) {
    data.setUint32(4 * i, value, true);
  }
  const codes = new Int8Array(bytes.buffer, parts.codes);
  let cell = 0;
  for (const [i, { row, view }] of views.entries()) {
    const { original, shrunk } = view;
    const sides = [original.width, original.height, shrunk.width, shrunk.height];
    const fits = view.channels === channels && cellsKept(view) <= MAX_CELLS;
    if (!fits || sides.some((side) => !(side >= 1 && side <= 0xffff))) {
      throw new CairnError(
        'usage',
        `The reference view of row ${row} cannot be kept.`,
        `Give photos of at most 65 535 pixels a side and ${MAX_CELLS} cells, matched by one network.`,
      );
    }
    const at = parts.table + VIEW_BYTES * i;
    data.setUint32(at, row, true);
    for (const [j, side] of sides.entries()) data.setUint16(at + 4 + 2 * j, side, true);
    data.setUint32(at + 12, cellsKept(view), true);
    bytes.set(view.cells, parts.cells + 2 * cell);
    for (let j = 0; j < cellsKept(view); j++, cell++) {
      const token = view.tokens.subarray(j * channels, (j + 1) * channels);
      const scale = scaleOf(token);
      data.setUint16(parts.scales + 2 * cell, scale.bits, true);
      for (let c = 0; c < channels; c++) {
        codes[cell * channels + c] = scale.value === 0 ? 0 : Math.round(token[c]! / scale.value);
      }
    }
  }
  return bytes;
}

/** What a view adds to a shard, at most. */
export function viewBytes(view: ReferenceView): number {
  return VIEW_BYTES + cellsKept(view) * (view.channels + 4);
}

/** The largest number over 127, rounded up to fp16, so that no code leaves int8. */
function scaleOf(token: Float32Array): { readonly value: number; readonly bits: number } {
  const wanted = token.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / INT8_MAX;
  let [bits = 0] = float32ToHalf(Float32Array.of(wanted));
  let [value = 0] = halfToFloat32(Uint16Array.of(bits));
  if (value < wanted) {
    bits += 1; // the next fp16 above: positive ones count upwards
    [value = 0] = halfToFloat32(Uint16Array.of(bits));
  }
  return { value, bits };
}

/** Whether the view of a row is asked for. Others are not decoded: as floats they take four times the memory. */
export type Wanted = (row: number) => boolean;

/**
 * The views that a shard carries, in the order of their rows: all, or those that are `wanted`. Throws
 * `collection-invalid`.
 */
export function viewsOfShard({ extra, rows }: Shard, wanted?: Wanted): StoredView[] {
  const section = extra.find(({ kind }) => kind === SECTION.coarseFeatures);
  return section ? decodeViews(section.bytes, rows, wanted) : [];
}

/** The rows that a shard carries views of, in their order. No view is decoded. Throws `collection-invalid`. */
export function rowsWithViews(shard: Shard): number[] {
  const rows: number[] = [];
  viewsOfShard(shard, (row) => {
    rows.push(row);
    return false;
  });
  return rows;
}

/**
 * The views of a section, in the order of their rows: all, or those that are `wanted`.
 * @param rows of the shard. Throws `collection-invalid` naming what is wrong; numbers are looked at in what is
 * wanted alone.
 */
export function decodeViews(bytes: Bytes, rows: number, wanted: Wanted = () => true): StoredView[] {
  const refuse = (what: string): never => {
    throw new CairnError(
      'collection-invalid',
      `Reference views cannot be used: ${what}.`,
      'Download the collection again, or build it again with `cairn index`.',
    );
  };
  if (bytes.length < 4 * HEADER_NUMBERS) refuse(`they end after ${bytes.length} bytes`);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [count, channels, total, reserved] = [0, 4, 8, 12].map((at) =>
    data.getUint32(at, true),
  ) as [number, number, number, number];
  if (reserved !== 0) refuse('a reserved field is not zero');
  if (count > rows) refuse(`${count} views are claimed of ${rows} rows`);
  if (channels > MAX_CHANNELS) refuse(`a cell is claimed to have ${channels} numbers`);
  const parts = layout(count, total, channels);
  if (parts.end !== bytes.length) refuse(`they are ${bytes.length} bytes long, not ${parts.end}`);
  const views: StoredView[] = [];
  let cell = 0;
  let last = -1;
  for (let i = 0; i < count; i++) {
    const at = parts.table + VIEW_BYTES * i;
    const row = data.getUint32(at, true);
    const [originalWidth, originalHeight, width, height] = [0, 1, 2, 3].map((j) =>
      data.getUint16(at + 4 + 2 * j, true),
    ) as [number, number, number, number];
    const own = data.getUint32(at + 12, true);
    if (row <= last || row >= rows) refuse(`view ${i} belongs to row ${row}`);
    if (originalWidth * originalHeight * width * height === 0) refuse(`view ${i} has no size`);
    if (own > MAX_CELLS) refuse(`view ${i} has ${own} cells, more than ${MAX_CELLS}`);
    if (cell + own > total) refuse(`view ${i} has cells beyond the last one`);
    last = row;
    const first = cell;
    cell += own;
    if (!wanted(row)) continue;
    const cells = bytes.slice(parts.cells + 2 * first, parts.cells + 2 * cell);
    const scales = halfToFloat32(
      Uint16Array.from({ length: own }, (_, j) =>
        data.getUint16(parts.scales + 2 * (first + j), true),
      ),
    );
    if (!scales.every(Number.isFinite)) refuse(`view ${i} holds what is no number`);
    const tokens = new Float32Array(own * channels);
    for (let j = 0, at = 0, from = parts.codes + first * channels; j < own; j++) {
      for (let c = 0; c < channels; c++) tokens[at++] = data.getInt8(from++) * scales[j]!;
    }
    const original = { width: originalWidth, height: originalHeight };
    views.push({ row, view: { original, shrunk: { width, height }, cells, channels, tokens } });
  }
  if (cell !== total) refuse(`${total - cell} cells belong to no view`);
  return views;
}

/** Where the parts begin; each lies on a multiple of 4. */
function layout(views: number, cells: number, channels: number) {
  const whole = (length: number) => Math.ceil(length / 4) * 4;
  const table = 4 * HEADER_NUMBERS;
  const places = table + VIEW_BYTES * views;
  const scales = places + whole(2 * cells);
  const codes = scales + whole(2 * cells);
  return { table, cells: places, scales, codes, end: codes + cells * channels };
}
