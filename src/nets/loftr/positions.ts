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
  const values = new Float32Array(cells.length * channels);
  cells.forEach(([column, row], i) => {
    waves.forEach((wave, k) => {
      // The authors count from 1.
      const [x, y] = [Math.fround((column + 1) * wave), Math.fround((row + 1) * wave)];
      values.set([Math.sin(x), Math.cos(x), Math.sin(y), Math.cos(y)], i * channels + 4 * k);
    });
  });
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
