// Makes pixels fewer while they are read, row by row: so a photo of 100 megapixels is never held twice.

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Each pixel of the result is the mean of the area that it covers; with equal sizes a copy.
 * @param row gives the RGBA bytes of a row, at least 4 × from.width; asked for each row once, from the top. It may
 * use the same array again. The four are averaged apart: see-through pixels must be laid on white before, or the
 * colours that hide in them run into their neighbours.
 * @param to at most `from` in both directions
 * @returns [to.height, to.width, 4]
 */
export function shrinkRgba(
  from: Size,
  to: Size,
  row: (y: number) => Uint8Array | Uint8ClampedArray,
): Uint8ClampedArray {
  const result = new Uint8ClampedArray(to.width * to.height * 4);
  const stride = to.width * 4;
  if (from.width === to.width && from.height === to.height) {
    for (let y = 0; y < to.height; y++) result.set(row(y).subarray(0, stride), y * stride);
    return result;
  }
  const columns = sharesOf(from.width, to.width);
  const rows = sharesOf(from.height, to.height);
  const area = (from.width / to.width) * (from.height / to.height);
  const sums = new Float64Array(stride);
  for (let y = 0; y < from.height; y++) {
    const pixels = row(y);
    const place = rows.places[y]!; // one of each for every row
    const share = rows.shares[y]!;
    addRow(sums, pixels, columns, share);
    if (share === 1 && rows.places[y + 1] === place) continue;
    for (let i = 0; i < stride; i++) result[place * stride + i] = sums[i]! / area;
    sums.fill(0);
    // What is left of this row belongs to the next one of the result.
    if (share < 1) addRow(sums, pixels, columns, 1 - share);
  }
  return result;
}

interface Shares {
  /** For each pixel along a side: the first place of the result that it falls into. */
  readonly places: Int32Array;
  /** How much of it does, 0..1; the rest falls into the next place. */
  readonly shares: Float64Array;
}

function sharesOf(from: number, to: number): Shares {
  const places = new Int32Array(from);
  const shares = new Float64Array(from);
  for (let i = 0; i < from; i++) {
    const start = (i * to) / from;
    const end = ((i + 1) * to) / from;
    const place = Math.floor(start);
    places[i] = place;
    // At the last place nothing may be left over, whatever rounding says.
    shares[i] = end > place + 1 && place + 1 < to ? (place + 1 - start) / (end - start) : 1;
  }
  return { places, shares };
}

function addRow(
  sums: Float64Array,
  pixels: Uint8Array | Uint8ClampedArray,
  { places, shares }: Shares,
  weight: number,
): void {
  for (let x = 0; x < places.length; x++) {
    const to = 4 * places[x]!; // one of each for every column
    const share = shares[x]!;
    for (let c = 0; c < 4; c++) {
      const value = pixels[4 * x + c]! * weight;
      sums[to + c]! += value * share;
      if (share < 1) sums[to + 4 + c]! += value * (1 - share);
    }
  }
}
