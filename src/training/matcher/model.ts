// LoFTR as a trainer sees it: both views of each pair through all three steps, the fine one at true matches.
import * as tf from '@tensorflow/tfjs-core';
import {
  lentMaps,
  loftrCoarse,
  loftrFeatures,
  loftrFine,
  loftrParameters,
  loftrScores,
} from '../../nets/loftr/loftr.ts';
import { positionsOf as positionsFor } from '../../nets/loftr/positions.ts';
import {
  COARSE_STRIDE,
  FINE_REACH,
  FINE_STRIDE,
  FINE_WINDOW,
  LOFTR,
  type LoftrSpec,
} from '../../nets/loftr/specs.ts';
import { specNamed } from '../../nets/specs.ts';
import { gatherRows } from '../../tensor/tf/sequences.ts';
import { TfOps } from '../../tensor/tf-ops.ts';
import type { Model } from '../trainer/model.ts';
import type { Aim } from '../trainer/objective.ts';
import { fineLoss, focalLoss } from './loss.ts';
import type { PairBatch } from './make-pairs.ts';
import { MATCHER_LOSS } from './presets.ts';
import { cellsOf } from './truth.ts';

/** What the network makes of a batch of pairs. */
export type PairOutput = {
  /** [N, L, L]: likenesses, of which the confidences are the dual softmax. */
  readonly scores: tf.Tensor3D;
  /** [N · K, 3]: x, y and deviation at the batch's chosen matches. */
  readonly offsets: tf.Tensor2D;
};

/** Throws `model-invalid` for an unknown spec. */
export function matcherModel(specName: string): Model<PairBatch, PairOutput> {
  const spec = specNamed(LOFTR, specName);
  return {
    parameters: loftrParameters(spec),
    // What another network lends stays as it is, its norms' statistics too.
    prepare: (p, batch) => lentMaps<tf.Tensor>(new TfOps(), p, imageOf(batch), spec) ?? [],
    embed: (ops, p, batch, prepared = []) => {
      const { count } = batch;
      const [half, quarter, eighth, sixteenth] = prepared;
      const lent = half && quarter && eighth && sixteenth;
      // In one pass, so that batch norms see both views, as the authors' do.
      const features = loftrFeatures<tf.Tensor>(
        ops,
        p,
        imageOf(batch),
        spec,
        lent ? [half, quarter, eighth, sixteenth] : null,
      );
      const sides = halves(features.coarse, count).map((tokens, side) => ({
        tokens,
        positions: positionsOf(batch, side, spec),
        mask: null,
      }));
      const coarse = loftrCoarse<tf.Tensor>(ops, p, [sides[0]!, sides[1]!], spec);
      const seen = coarse.map((tokens) => ({ tokens, mask: null }));
      const scores = loftrScores<tf.Tensor>(ops, [seen[0]!, seen[1]!], spec);
      const fine = halves(features.fine, count).map((map, side) =>
        atMatches(map, coarse[side]!, cellsAtMatches(batch, side === 1), batch),
      );
      const offsets = loftrFine<tf.Tensor>(ops, p, [fine[0]!, fine[1]!], spec);
      return {
        scores: scores as tf.Tensor3D,
        offsets: tf.reshape(offsets, [batch.chosen.length, 3]),
      };
    },
  };
}

function imageOf({ pixels, count, height, width }: PairBatch): tf.Tensor4D {
  return tf.tensor4d(pixels, [2 * count, height, width, 1]);
}

/** Of the first or the second views' cells, each view's counted from its own origin. */
function positionsOf(batch: PairBatch, side: number, { channels, positions }: LoftrSpec) {
  const { count, origins } = batch;
  const coarse = channels[2];
  const columns = batch.width / COARSE_STRIDE;
  const cells = Array.from({ length: count * cellsOf(batch) }, (_, at) => {
    const [n, cell] = [Math.floor(at / cellsOf(batch)), at % cellsOf(batch)];
    const view = 2 * (side * count + n);
    const row = Math.floor(cell / columns);
    return [origins[view]! + (cell % columns), origins[view + 1]! + row] as const;
  });
  return tf.tensor3d(positionsFor(cells, coarse, positions), [count, cellsOf(batch), coarse]);
}

/** The first views' and the second ones'. */
function halves(x: tf.Tensor, count: number): [tf.Tensor, tf.Tensor] {
  const [, ...rest] = x.shape;
  const from = (n: number) => tf.slice(x, [n, ...rest.map(() => 0)], [count, ...rest]);
  return [from(0), from(count)];
}

/** Of the chosen matches, the cells of either view, counted over the whole batch; −1 fills up. */
function cellsAtMatches({ chosen, matches, count }: PairBatch, second: boolean): number[] {
  const [most, cells] = [chosen.length / count, matches.length / count];
  return Array.from(chosen, (cell, at) => {
    if (cell < 0) return -1;
    const start = Math.floor(at / most) * cells;
    return start + (second ? matches[start + cell]! : cell);
  });
}

/** What the fine step sees of one side: windows of the fine map [N, tokens, F], and the coarse tokens. */
function atMatches(
  map: tf.Tensor,
  coarse: tf.Tensor,
  cells: readonly number[],
  view: PairBatch,
): { readonly windows: tf.Tensor; readonly cells: tf.Tensor } {
  const [fineChannels, coarseChannels] = [map.shape[2]!, coarse.shape[2]!];
  const windows = gatherRows(tf.reshape(map, [-1, fineChannels]), windowTokens(cells, view));
  const tokens = gatherRows(tf.reshape(coarse, [-1, coarseChannels]), cells);
  return {
    windows: tf.reshape(windows, [cells.length, FINE_WINDOW ** 2, fineChannels]),
    cells: tf.reshape(tokens, [cells.length, 1, coarseChannels]),
  };
}

/**
 * Tokens of the fine maps of a batch in the windows around cells, row by row; −1 beyond a map's edges, as
 * matching/windows.ts cuts them out.
 */
function windowTokens(cells: readonly number[], view: PairBatch): number[] {
  const [columns, perView] = [view.width / COARSE_STRIDE, cellsOf(view)];
  const [wide, high] = [view.width / FINE_STRIDE, view.height / FINE_STRIDE];
  const stride = COARSE_STRIDE / FINE_STRIDE;
  const radius = (FINE_WINDOW - 1) / 2;
  const tokens: number[] = [];
  for (const cell of cells) {
    const [n, own] = [Math.floor(cell / perView), cell % perView];
    const left = (own % columns) * stride - radius;
    const top = Math.floor(own / columns) * stride - radius;
    for (let y = top; y < top + FINE_WINDOW; y++) {
      for (let x = left; x < left + FINE_WINDOW; x++) {
        const within = cell >= 0 && x >= 0 && y >= 0 && x < wide && y < high;
        tokens.push(within ? (n * high + y) * wide + x : -1);
      }
    }
  }
  return tokens;
}

/** The sum of both losses; parts are the losses, the matches' mean confidence and how far off, in pixels. */
export const MATCHER_AIM: Aim<PairOutput, PairBatch> = {
  parameters: new Map(),
  initialState: {},
  compute: (_, { scores, offsets }, batch) => {
    const { count, matches, seen, chosen } = batch;
    const cells = matches.length / count;
    const half = count * cells;
    const coarse = focalLoss(scores, {
      matches: tf.tensor2d(matches, [count, cells], 'int32'),
      rows: tf.tensor2d(seen.subarray(0, half), [count, cells]),
      columns: tf.tensor2d(seen.subarray(half), [count, cells]),
    });
    const fine = fineLoss(
      offsets,
      tf.tensor2d(batch.offsets, [chosen.length, 2]),
      tf.tensor1d(Float32Array.from(chosen, (cell) => (cell >= 0 ? 1 : 0))),
    );
    const loss = tf.add(
      tf.mul(coarse.loss, MATCHER_LOSS.coarse),
      tf.mul(fine.loss, MATCHER_LOSS.fine),
    ) as tf.Scalar;
    const pixels = tf.mul(fine.distance, FINE_REACH) as tf.Scalar;
    const parts = { coarse: coarse.loss, fine: fine.loss, confidence: coarse.mean, pixels };
    return { loss, parts, state: {} };
  },
};
