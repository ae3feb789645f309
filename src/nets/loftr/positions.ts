// Where a token stands in its picture, as sines that are added to its features: a quarter of the channels
// each for sin x, cos x, sin y and cos y, in waves of growing length.
import type { PositionKind } from './specs.ts';

/** The longest wave of the usual encoding (Vaswani et al. 2017), over 2π. */
const LONGEST = 10000;

/**
 * Divides positions, one for each four channels. `fixed` is what the paper means: exp(−ln 10000 · 2k / (d/2)).
 * `released` is what the authors' first checkpoints were trained with: there `-math.log(10000.0) / d // 2`
 * is rounded down to −1, so that waves grow by e² each, whatever d (zju3dv/LoFTR, issue 41;
 * `temp_bug_fix=False` there and in kornia).
 */
function frequencies(channels: number, kind: PositionKind): Float32Array {
  const rate = kind === 'fixed' ? -Math.log(LONGEST) / (channels / 2) : -1;
  return Float32Array.from({ length: channels / 4 }, (_, k) => Math.exp(2 * k * rate));
}

/**
 * Of cells by their column and row in the coarse map, counted from 0: [cells, channels]; `channels` is a
 * multiple of 4.
 */
export function positionsOf(
  cells: readonly (readonly [column: number, row: number])[],
  channels: number,
  kind: PositionKind,
): Float32Array {
  const waves = frequencies(channels, kind);
  // Cells of a map share their columns and rows: each is turned into sines once.
  const known = new Map<number, readonly (readonly [sine: number, cosine: number])[]>();
  const wavesAt = (place: number) => {
    let found = known.get(place);
    if (!found) {
      found = Array.from(waves, (wave) => {
        // The authors count from 1.
        const angle = Math.fround((place + 1) * wave);
        return [Math.sin(angle), Math.cos(angle)] as const;
      });
      known.set(place, found);
    }
    return found;
  };
  const values = new Float32Array(cells.length * channels);
  let to = 0;
  for (const [column, row] of cells) {
    const [across, down] = [wavesAt(column), wavesAt(row)];
    for (let k = 0; k < waves.length; k++) {
      [values[to++], values[to++]] = across[k]!;
      [values[to++], values[to++]] = down[k]!;
    }
  }
  return values;
}

/** Of a whole coarse map, row by row: [width · height, channels]. */
export function gridPositions(
  width: number,
  height: number,
  channels: number,
  kind: PositionKind,
): Float32Array {
  const cells = Array.from(
    { length: width * height },
    (_, i) => [i % width, Math.floor(i / width)] as const,
  );
  return positionsOf(cells, channels, kind);
}
