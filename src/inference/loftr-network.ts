// LoFTR's three graphs, loaded and ready: a padded picture in, features out; two pictures' features in, matches out.
import { type CoarseMatches, coarseMatches } from '../matching/coarse-matches.ts';
import { cellMask } from '../matching/picture.ts';
import { matchedPoints } from '../matching/points.ts';
import { gatherCells, gatherWindows, usedRows } from '../matching/windows.ts';
import { loftrGraphs } from '../nets/loftr/graphs.ts';
import { gridPositions } from '../nets/loftr/positions.ts';
import {
  COARSE_STRIDE,
  FINE_REACH,
  FINE_STRIDE,
  FINE_WINDOW,
  LOFTR,
  pictureMultiple,
} from '../nets/loftr/specs.ts';
import { specNamed } from '../nets/specs.ts';
import type { Weights } from '../weights/safetensors.ts';
import type { BackendChoice } from './backend.ts';
import {
  type KeptFeatures,
  loadAll,
  type MatchingNetwork,
  outputOf,
  requireNumbers,
} from './matching-network.ts';
import type { Floats, InferenceRuntime } from './session.ts';

export interface LoftrFeatures extends KeptFeatures {
  /** [L, coarse], without positions. */
  readonly coarse: Float32Array;
  /** [H/2 · W/2, fine]. */
  readonly fine: Float32Array;
}

/** The step's windows of the fine map, in both pictures. */
const WINDOWS = { side: FINE_WINDOW, stride: COARSE_STRIDE / FINE_STRIDE } as const;

/**
 * Emits the graphs and loads them. With `fixedMatches` the fine step always runs that many rows, of which
 * some may be unused: one shape, which WebGPU compiles once.
 * Throws `model-invalid` for unfit weights or an unknown spec, `inference-failed`.
 */
export async function openLoftr(
  runtime: InferenceRuntime,
  choice: BackendChoice,
  weights: Weights,
  specName: string,
  fixedMatches?: number,
): Promise<MatchingNetwork<LoftrFeatures>> {
  const spec = specNamed(LOFTR, specName);
  const [fineChannels, , coarseChannels] = spec.channels;
  const graphs = loftrGraphs(weights, specName);
  const { sessions, release } = await loadAll(
    {
      features: () => graphs.features(),
      coarse: () => graphs.coarse(),
      fine: () => graphs.fine(),
    },
    (onnx) => runtime.createSession(onnx, choice),
  );
  const { features, coarse, fine } = sessions;

  async function refine(
    sides: readonly [LoftrFeatures, LoftrFeatures],
    tokens: readonly [Float32Array, Float32Array],
    matches: CoarseMatches,
  ): Promise<Float32Array> {
    const rows = Math.max(matches.count, fixedMatches ?? 0);
    const inputs: Record<string, Floats> = {
      used: { data: usedRows(matches.count, rows), dims: [rows, 1, 1] },
    };
    for (const i of [0, 1] as const) {
      const { picture, fine: values } = sides[i];
      const cells = i === 0 ? matches.first : matches.second;
      const width = picture.width / FINE_STRIDE;
      const height = picture.height / FINE_STRIDE;
      const map = { values, width, height, channels: fineChannels };
      const options = { ...WINDOWS, columns: picture.cells.width };
      inputs[`windows${i}`] = {
        data: gatherWindows(map, cells, options, rows),
        dims: [rows, FINE_WINDOW ** 2, fineChannels],
      };
      inputs[`cells${i}`] = {
        data: gatherCells(tokens[i], coarseChannels, cells, rows),
        dims: [rows, 1, coarseChannels],
      };
    }
    const offsets = outputOf(await fine.run(inputs), 'offsets');
    requireNumbers(offsets);
    return offsets;
  }

  return {
    cell: COARSE_STRIDE,
    multiple: pictureMultiple(spec),

    async features(picture) {
      const { pixels, width, height } = picture;
      const found = await features.run({ image: { data: pixels, dims: [1, 1, height, width] } });
      const kept = { coarse: outputOf(found, 'coarse'), fine: outputOf(found, 'fine') };
      for (const values of Object.values(kept)) requireNumbers(values);
      const bytes = pixels.byteLength + kept.coarse.byteLength + kept.fine.byteLength;
      return { picture, ...kept, bytes };
    },

    async match(a, b, options = {}) {
      const begin = performance.now();
      const inputs: Record<string, Floats> = {};
      for (const [i, { picture, coarse: data }] of [a, b].entries()) {
        const { width, height } = picture.cells;
        const length = width * height;
        const dims = [1, length, coarseChannels];
        const positions = gridPositions(width, height, coarseChannels, spec.positions);
        inputs[`tokens${i}`] = { data, dims };
        inputs[`positions${i}`] = { data: positions, dims };
        inputs[`mask${i}`] = { data: cellMask(picture.cells), dims: [1, length, 1] };
      }
      const found = await coarse.run(inputs);
      const maxima = {
        rows: outputOf(found, 'rows'),
        places: outputOf(found, 'places'),
        columns: outputOf(found, 'columns'),
      };
      for (const values of Object.values(maxima)) requireNumbers(values);
      const most = fixedMatches === undefined ? {} : { most: fixedMatches };
      const grids = [a.picture.cells, b.picture.cells] as const;
      const matches = coarseMatches(maxima, grids, { ...most, ...options });
      const middle = performance.now();
      const offsets =
        matches.count === 0
          ? undefined
          : await refine([a, b], [outputOf(found, 'coarse0'), outputOf(found, 'coarse1')], matches);
      const where = { cell: COARSE_STRIDE, reach: FINE_REACH, firstPixel: spec.firstPixel };
      const points = matchedPoints(matches, [a.picture, b.picture], where, offsets);
      const timings = { coarse: middle - begin, fine: performance.now() - middle };
      return { points, timings };
    },

    release,
  };
}
