// The graph of an index without its vectors: what is worth storing, checked before it is used again.
//
// hnswlib's file repeats every vector as float32 (64 MB for a 16 MiB shard). Ours keeps the links
// alone, a fifteenth of that, and puts the shards' own vectors back in. The library trusts a file
// blindly (nmslib/hnswlib#673 is a heap overflow), so every number is checked here first.
import { CairnError } from '../errors.ts';
import type { Bytes } from '../weights/sha256.ts';
import type { GraphRows } from './graph-rows.ts';
import type { HnswParams } from './presets.ts';

/** hnswlib's header on 32 bits: eleven words, a double (1/ln M) that is not aligned, a word. */
const HEADER_BYTES = 56;
const HEADER = {
  offset: 0,
  max: 1,
  count: 2,
  element: 3,
  label: 4,
  data: 5,
  topLevel: 6,
  entry: 7,
  maxM: 8,
  maxM0: 9,
  m: 10,
};
const MULTIPLIER_AT = 44;
const EF_CONSTRUCTION_AT = 52;
const WORD = 4;
/** A level count far above anything that random levels give: ln(2^32)/ln(M) is below 32. */
const MAX_LEVEL = 32;

interface Layout {
  /** Bytes of a node's links on the lowest level: count, then ids. */
  readonly links0: number;
  /** Bytes of a node's links on an upper level. */
  readonly links: number;
  /** Bytes of a node on the lowest level in hnswlib's file: links, vector, label. */
  readonly element: number;
}

function layoutOf(dim: number, m: number): Layout {
  const links0 = WORD * (1 + 2 * m);
  return { links0, links: WORD * (1 + m), element: links0 + WORD * dim + WORD };
}

/** Takes the vectors and labels out of hnswlib's file. Rows must have been added in order. */
export function compactGraph(
  file: Bytes,
  of: Pick<GraphRows, 'rows' | 'dim'>,
  params: HnswParams,
): Bytes {
  const { links0, element } = layoutOf(of.dim, params.m);
  const level0 = HEADER_BYTES + of.rows * element;
  const upper = file.subarray(level0);
  const compact = new Uint8Array(HEADER_BYTES + of.rows * links0 + upper.length);
  compact.set(file.subarray(0, HEADER_BYTES));
  for (let row = 0; row < of.rows; row++) {
    const from = HEADER_BYTES + row * element;
    compact.set(file.subarray(from, from + links0), HEADER_BYTES + row * links0);
  }
  compact.set(upper, HEADER_BYTES + of.rows * links0);
  return compact;
}

/**
 * Gives hnswlib's file back, with the rows' vectors in it.
 * @throws CairnError `internal` when the graph is not one of these rows with these parameters; build anew
 */
export function expandGraph(compact: Bytes, of: GraphRows, params: HnswParams): Bytes {
  check(compact, of, params);
  const { rows, dim } = of;
  const { links0, element } = layoutOf(dim, params.m);
  const upper = compact.subarray(HEADER_BYTES + rows * links0);
  const file = new Uint8Array(HEADER_BYTES + rows * element + upper.length);
  file.set(compact.subarray(0, HEADER_BYTES));
  const vectors = new Float32Array(file.buffer, 0, Math.floor(file.length / WORD));
  const words = new Uint32Array(file.buffer, 0, vectors.length);
  for (let row = 0; row < rows; row++) {
    const to = HEADER_BYTES + row * element;
    const from = HEADER_BYTES + row * links0;
    file.set(compact.subarray(from, from + links0), to);
    const vectorAt = (to + links0) / WORD;
    of.vector(row, vectors.subarray(vectorAt, vectorAt + dim));
    words[vectorAt + dim] = row;
  }
  file.set(upper, HEADER_BYTES + rows * element);
  return file;
}

function check(compact: Bytes, of: Pick<GraphRows, 'rows' | 'dim'>, params: HnswParams): void {
  const refuse = (what: string): never => {
    throw new CairnError(
      'internal',
      `A stored HNSW graph does not fit its rows: ${what}.`,
      'It is built anew.',
    );
  };
  const { rows, dim } = of;
  const { links0, links, element } = layoutOf(dim, params.m);
  if (compact.length < HEADER_BYTES + rows * (links0 + WORD)) refuse('it is too short');
  const view = new DataView(compact.buffer, compact.byteOffset, compact.byteLength);
  const word = (at: number): number => view.getUint32(at, true);
  const wanted: readonly [number, number][] = [
    [HEADER.offset, 0],
    [HEADER.max, rows],
    [HEADER.count, rows],
    [HEADER.element, element],
    [HEADER.label, element - WORD],
    [HEADER.data, links0],
    [HEADER.maxM, params.m],
    [HEADER.maxM0, 2 * params.m],
    [HEADER.m, params.m],
  ];
  for (const [i, value] of wanted) if (word(i * WORD) !== value) refuse(`header word ${i}`);
  if (view.getFloat64(MULTIPLIER_AT, true) !== 1 / Math.log(params.m))
    refuse('its level multiplier');
  if (word(EF_CONSTRUCTION_AT) !== Math.max(params.efConstruction, params.m))
    refuse('efConstruction');

  // Upper levels first: a link on a level must lead to a node that reaches that level.
  const levels = new Uint8Array(rows);
  const starts = new Uint32Array(rows);
  let at = HEADER_BYTES + rows * links0;
  for (let row = 0; row < rows; row++) {
    const bytes = at + WORD <= compact.length ? word(at) : refuse('it is cut off');
    starts[row] = at + WORD;
    if (bytes % links !== 0 || bytes / links > MAX_LEVEL)
      refuse(`row ${row} has ${bytes} link bytes`);
    levels[row] = bytes / links;
    at += WORD + bytes;
  }
  if (at !== compact.length) refuse('its length');
  const top = word(HEADER.topLevel * WORD);
  const entry = word(HEADER.entry * WORD);
  if (entry >= rows || levels[entry] !== top) refuse('its entry point');

  const checkLinks = (from: number, max: number, level: number): void => {
    // The word's upper half holds flags (deleted nodes), which our graphs never have.
    const count = word(from);
    if (count > max) refuse(`${count} links on level ${level}`);
    for (let i = 1; i <= count; i++) {
      const id = word(from + i * WORD);
      if (id >= rows || levels[id]! < level) refuse(`a link to ${id} on level ${level}`);
    }
  };
  for (let row = 0; row < rows; row++) {
    checkLinks(HEADER_BYTES + row * links0, 2 * params.m, 0);
    for (let level = 1; level <= levels[row]!; level++) {
      checkLinks(starts[row]! + (level - 1) * links, params.m, level);
    }
  }
}
