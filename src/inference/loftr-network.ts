// LoFTR's three graphs, loaded and ready: a padded picture in, features out; two pictures' features in, matches out.
import { CairnError } from '../errors.ts';
import { type CoarseMatches, coarseMatches, matchesWithView } from '../matching/coarse-matches.ts';
import { cellMask, placeOf, type Size } from '../matching/picture.ts';
import { matchedPoints, pointsWithView } from '../matching/points.ts';
import { cellsKept, type ReferenceView, viewCell } from '../matching/reference-view.ts';
import { gatherCells, gatherWindows, usedRows } from '../matching/windows.ts';
import { loftrGraphs } from '../nets/loftr/graphs.ts';
import { gridPositions, positionsOf } from '../nets/loftr/positions.ts';
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
import { FeatureCache } from './feature-cache.ts';
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

/** One picture as the coarse step takes it: [S, coarse] twice, and [S], 1 for what counts. */
interface Side {
  readonly tokens: Float32Array;
  readonly positions: Float32Array;
  readonly mask: Float32Array;
}

/**
 * Views are filled up to multiples of it where each new shape is compiled: the 100 cells of a view that
 * collections keep, and any fewer, are one shape, which the first run compiles.
 */
const VIEW_STEP = 128;

/** Positions of whole pictures are kept: room for a few shapes, the largest of 6.3 MiB (640 × 640, 256 channels). */
const POSITION_BYTES = 16 * 2 ** 20;

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

  /** Both pictures' maxima and tokens after they have seen each other. */
  async function compare(sides: readonly [Side, Side]) {
    const inputs: Record<string, Floats> = {};
    for (const [i, { tokens, positions, mask }] of sides.entries()) {
      const dims = [1, mask.length, coarseChannels];
      inputs[`tokens${i}`] = { data: tokens, dims };
      inputs[`positions${i}`] = { data: positions, dims };
      inputs[`mask${i}`] = { data: mask, dims: [1, mask.length, 1] };
    }
    const found = await coarse.run(inputs);
    const maxima = {
      rows: outputOf(found, 'rows'),
      places: outputOf(found, 'places'),
      columns: outputOf(found, 'columns'),
    };
    for (const values of Object.values(maxima)) requireNumbers(values);
    const tokens = [outputOf(found, 'coarse0'), outputOf(found, 'coarse1')] as const;
    return { maxima, tokens };
  }

  const grids = new FeatureCache<{ readonly positions: Float32Array; readonly bytes: number }>(
    POSITION_BYTES,
  );

  /** The same for all pictures of one shape, and one picture meets many. */
  function positionsOn({ width, height }: Size): Float32Array {
    const shape = `${width} ${height}`;
    const known = grids.get(shape);
    if (known) return known.positions;
    const positions = gridPositions(width, height, coarseChannels, spec.positions);
    grids.put(shape, { positions, bytes: positions.byteLength });
    return positions;
  }

  /** A whole picture. */
  const wholeSide = ({ picture, coarse: tokens }: LoftrFeatures): Side => ({
    tokens,
    positions: positionsOn(picture.cells),
    mask: cellMask(picture.cells),
  });

  /** Kept cells, filled up to a multiple of the step where shapes are few. */
  function keptSide(view: ReferenceView): Side {
    const kept = cellsKept(view);
    const rows = fixedMatches === undefined ? kept : Math.ceil(kept / VIEW_STEP) * VIEW_STEP;
    const [tokens, positions] = [0, 1].map(() => new Float32Array(rows * coarseChannels)) as [
      Float32Array,
      Float32Array,
    ];
    tokens.set(view.tokens);
    const places = Array.from({ length: kept }, (_, i) => viewCell(view, i));
    positions.set(positionsOf(places, coarseChannels, spec.positions));
    return { tokens, positions, mask: usedRows(kept, rows) };
  }

  const most = fixedMatches === undefined ? {} : { most: fixedMatches };
  const where = { cell: COARSE_STRIDE, reach: FINE_REACH, firstPixel: spec.firstPixel };

  return {
    cell: COARSE_STRIDE,
    multiple: pictureMultiple(spec),

    async features(picture) {
      const { pixels, width, height } = picture;
      const found = await features.run({ image: { data: pixels, dims: [1, 1, height, width] } });
      const kept = { coarse: outputOf(found, 'coarse'), fine: outputOf(found, 'fine') };
      for (const values of Object.values(kept)) requireNumbers(values);
      const bytes = kept.coarse.byteLength + kept.fine.byteLength;
      return { picture: placeOf(picture), ...kept, bytes };
    },

    async match(a, b, options = {}) {
      const begin = performance.now();
      const { maxima, tokens } = await compare([wholeSide(a), wholeSide(b)]);
      const grids = [a.picture.cells, b.picture.cells] as const;
      const matches = coarseMatches(maxima, grids, { ...most, ...options });
      const middle = performance.now();
      const offsets = matches.count === 0 ? undefined : await refine([a, b], tokens, matches);
      const points = matchedPoints(matches, [a.picture, b.picture], where, offsets);
      const timings = { coarse: middle - begin, fine: performance.now() - middle };
      return { points, timings };
    },

    views: {
      keep: ({ picture, coarse: tokens }, cells) => ({
        original: picture.original,
        shrunk: picture.shrunk,
        cells: Uint8Array.from(
          Array.from(cells).flatMap((cell) => [
            cell % picture.cells.width,
            Math.floor(cell / picture.cells.width),
          ]),
        ),
        channels: coarseChannels,
        tokens: gatherCells(tokens, coarseChannels, cells),
      }),

      async match(a, view, options = {}) {
        const begin = performance.now();
        if (view.channels !== coarseChannels) throw otherNetwork(view.channels, coarseChannels);
        if (cellsKept(view) === 0) {
          return { points: new Float32Array(0), timings: { coarse: 0, fine: 0 } };
        }
        const { maxima } = await compare([wholeSide(a), keptSide(view)]);
        const matches = matchesWithView(maxima, a.picture.cells, cellsKept(view), {
          ...most,
          ...options,
        });
        const points = pointsWithView(matches, a.picture, view, where);
        return { points, timings: { coarse: performance.now() - begin, fine: 0 } };
      },
    },

    release,
  };
}

function otherNetwork(given: number, own: number): CairnError {
  return new CairnError(
    'usage',
    `The reference view has ${given} numbers a cell, this matcher ${own}.`,
    'Build the collection again with this matcher.',
  );
}
