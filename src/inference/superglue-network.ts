// SuperPoint's and SuperGlue's graphs, loaded and ready: a padded picture in, keypoints with descriptors out;
// two pictures' keypoints in, matches out.
import { CairnError } from '../errors.ts';
import { maximaOf, mutualMatches } from '../matching/coarse-matches.ts';
import {
  findKeypoints,
  type Keypoints,
  keypointPlaces,
  pixelScores,
  sampleDescriptors,
} from '../matching/keypoints.ts';
import { transportProbabilities } from '../matching/optimal-transport.ts';
import { placeOf } from '../matching/picture.ts';
import { keypointPoints } from '../matching/points.ts';
import { MAX_KEYPOINTS } from '../matching/presets.ts';
import { usedRows } from '../matching/windows.ts';
import { specNamed } from '../nets/specs.ts';
import { superGlueGraph } from '../nets/superglue/graph.ts';
import { SUPERGLUE } from '../nets/superglue/specs.ts';
import { BIN_SCORE } from '../nets/superglue/superglue.ts';
import { superPointGraph } from '../nets/superpoint/graph.ts';
import { CELL, SUPERPOINT } from '../nets/superpoint/specs.ts';
import { toFloat32, type Weights } from '../weights/safetensors.ts';
import type { BackendChoice } from './backend.ts';
import {
  type KeptFeatures,
  loadAll,
  type MatchingNetwork,
  outputOf,
  requireNumbers,
} from './matching-network.ts';
import type { Floats, InferenceRuntime } from './session.ts';

export interface KeypointFeatures extends KeptFeatures {
  readonly keypoints: Keypoints;
  /** [count, channels]. */
  readonly descriptors: Float32Array;
}

/** Both networks' weights, each with the row of its specs. */
export interface SuperGlueModel {
  readonly superpoint: { readonly spec: string; readonly weights: Weights };
  readonly superglue: { readonly spec: string; readonly weights: Weights };
}

export interface SuperGlueOptions {
  /** The surest are kept of each picture; {@link MAX_KEYPOINTS} when left out. */
  readonly keypoints?: number;
  /** Every picture has so many rows, of which some may be padding: one shape, which WebGPU compiles once. */
  readonly fixedRows?: boolean;
}

/**
 * Emits the graphs and loads them. Throws `model-invalid` for unfit weights, an unknown spec, or two networks
 * whose descriptors differ in length; `inference-failed`.
 */
export async function openSuperGlue(
  runtime: InferenceRuntime,
  choice: BackendChoice,
  { superpoint, superglue }: SuperGlueModel,
  { keypoints: most = MAX_KEYPOINTS, fixedRows = false }: SuperGlueOptions = {},
): Promise<MatchingNetwork<KeypointFeatures>> {
  const spec = specNamed(SUPERGLUE, superglue.spec);
  const { channels } = spec;
  const { descriptor } = specNamed(SUPERPOINT, superpoint.spec);
  if (descriptor !== channels) {
    throw new CairnError(
      'model-invalid',
      `Descriptors of ${descriptor} numbers meet a matcher for ${channels}.`,
      'Use SuperPoint and SuperGlue of sizes that belong together.',
    );
  }
  const binScore = binScoreOf(superglue.weights);
  const { sessions, release } = await loadAll(
    {
      maps: () => superPointGraph(superpoint.weights, superpoint.spec),
      scores: () => superGlueGraph(superglue.weights, superglue.spec, { masked: fixedRows }),
    },
    (onnx) => runtime.createSession(onnx, choice),
  );

  /** A picture's inputs of SuperGlue's graph. */
  function inputsOf(
    { picture, keypoints, descriptors }: KeypointFeatures,
    rows: number,
    i: number,
  ) {
    const filled = new Float32Array(rows * channels);
    filled.set(descriptors);
    const places = keypointPlaces(keypoints, picture, rows);
    const inputs: Record<string, Floats> = {
      [`descriptors${i}`]: { data: filled, dims: [1, rows, channels] },
      [`places${i}`]: { data: places, dims: [1, rows, 3] },
    };
    if (fixedRows) {
      inputs[`mask${i}`] = { data: usedRows(keypoints.count, rows), dims: [1, rows, 1] };
    }
    return inputs;
  }

  return {
    cell: CELL,
    multiple: CELL,

    async features(picture) {
      const { pixels, width, height, cells, shrunk } = picture;
      const image = { data: pixels, dims: [1, 1, height, width] };
      const found = await sessions.maps.run({ image });
      const [corners, values] = [outputOf(found, 'corners'), outputOf(found, 'descriptors')];
      requireNumbers(corners);
      requireNumbers(values);
      const keypoints = findKeypoints(pixelScores(corners, cells), picture, shrunk, { most });
      const map = { values, width: cells.width, height: cells.height, channels };
      const descriptors = sampleDescriptors(map, keypoints.places, CELL);
      const { places, scores } = keypoints;
      const bytes = places.byteLength + scores.byteLength + descriptors.byteLength;
      return { picture: placeOf(picture), keypoints, descriptors, bytes };
    },

    async match(a, b, options = {}) {
      const begin = performance.now();
      const [rows, columns] = [a.keypoints.count, b.keypoints.count];
      if (rows === 0 || columns === 0) {
        return { points: new Float32Array(0), timings: { coarse: 0, fine: 0 } };
      }
      const [allRows, allColumns] = fixedRows ? [most, most] : [rows, columns];
      const inputs = { ...inputsOf(a, allRows, 0), ...inputsOf(b, allColumns, 1) };
      const all = outputOf(await sessions.scores.run(inputs), 'scores');
      const scores = upperLeft(all, allColumns, rows, columns);
      requireNumbers(scores);
      const middle = performance.now();
      const sure = transportProbabilities(scores, rows, columns, binScore, spec.iterations);
      const matches = mutualMatches(maximaOf(sure, rows), options);
      const keypoints = [a.keypoints, b.keypoints] as const;
      const points = keypointPoints(matches, [a.picture, b.picture], keypoints);
      const timings = { coarse: middle - begin, fine: performance.now() - middle };
      return { points, timings };
    },

    release,
  };
}

/** Without the rows and columns of padding. */
function upperLeft(
  values: Float32Array,
  width: number,
  rows: number,
  columns: number,
): Float32Array {
  if (width === columns) return values.subarray(0, rows * columns);
  const part = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    part.set(values.subarray(i * width, i * width + columns), i * columns);
  }
  return part;
}

function binScoreOf(weights: Weights): number {
  const tensor = weights.get(BIN_SCORE);
  const value = tensor && toFloat32(tensor, BIN_SCORE)[0];
  if (value !== undefined && Number.isFinite(value)) return value;
  throw new CairnError(
    'model-invalid',
    `The weights of SuperGlue have no number "${BIN_SCORE}".`,
    'Use weights that were made for this network and this spec.',
  );
}
