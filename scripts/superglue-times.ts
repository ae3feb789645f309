// What SuperPoint and SuperGlue take in onnxruntime-web on WASM, one thread, with random weights: each graph
// and what plain TypeScript does around it. Writes the table in docs/matching.md.
//
// Usage: npx tsx scripts/superglue-times.ts
import { cpus, loadavg } from 'node:os';
import * as ort from 'onnxruntime-web';
import { findKeypoints, pixelScores, sampleDescriptors } from '../src/matching/keypoints.ts';
import { transportProbabilities } from '../src/matching/optimal-transport.ts';
import { matcherParameters } from '../src/nets/matchers.ts';
import { startWeights } from '../src/nets/parameters.ts';
import { superGlueGraph } from '../src/nets/superglue/graph.ts';
import { superPointGraph } from '../src/nets/superpoint/graph.ts';
import { seededRandom } from '../src/random.ts';
import { tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/matching.md';
const PART = 'superglue:times';
const SIZES = [
  [320, 240],
  [480, 360],
  [640, 480],
] as const;
const KEYPOINTS = [256, 512, 1024];
const RUNS = 3;
const CELL = 8;
const CHANNELS = 256;
const ITERATIONS = 100;

const random = seededRandom(3);

function tensor(dims: readonly number[]): ort.Tensor {
  const length = dims.reduce((product, side) => product * side, 1);
  return new ort.Tensor('float32', Float32Array.from({ length }, random), dims);
}

/** The last result, and milliseconds: the least and the median. */
async function time<R>(run: () => R | Promise<R>): Promise<{ result: R; ms: string }> {
  let result = await run();
  const taken: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const begin = performance.now();
    result = await run();
    taken.push(performance.now() - begin);
  }
  taken.sort((a, b) => a - b);
  return { result, ms: `${taken[0]!.toFixed(0)} / ${taken[RUNS >> 1]!.toFixed(0)}` };
}

const valuesOf = (value: ort.Tensor | undefined) => value!.data as Float32Array;

async function superPointRows(): Promise<string[]> {
  const weights = startWeights(matcherParameters('superpoint', 'v1'), 1);
  const session = await ort.InferenceSession.create(superPointGraph(weights, 'v1'));
  const rows: string[] = [];
  for (const [width, height] of SIZES) {
    const size = { width, height };
    const cells = { width: width / CELL, height: height / CELL };
    const image = tensor([1, 1, height, width]);
    const maps = await time(() => session.run({ image }));
    const descriptors = { values: valuesOf(maps.result.descriptors), ...cells, channels: CHANNELS };
    const points = await time(() => {
      const scores = pixelScores(valuesOf(maps.result.corners), cells);
      const found = findKeypoints(scores, size, size);
      sampleDescriptors(descriptors, found.places, CELL);
    });
    const picture = `${width} × ${height}`;
    rows.push(tableRow(['SuperPoint’s maps', picture, maps.ms]));
    rows.push(tableRow(['keypoints and descriptors', picture, points.ms]));
  }
  await session.release();
  return rows;
}

async function superGlueRows(): Promise<string[]> {
  const weights = startWeights(matcherParameters('superglue', 'outdoor'), 1);
  const session = await ort.InferenceSession.create(superGlueGraph(weights, 'outdoor'));
  const rows: string[] = [];
  for (const count of KEYPOINTS) {
    const feeds = Object.fromEntries(
      [0, 1].flatMap((i) => [
        [`descriptors${i}`, tensor([1, count, CHANNELS])],
        [`places${i}`, tensor([1, count, 3])],
      ]),
    );
    const scores = await time(() => session.run(feeds));
    const values = valuesOf(scores.result.scores);
    const transport = await time(() => transportProbabilities(values, count, count, 1, ITERATIONS));
    rows.push(tableRow(['SuperGlue’s scores', `${count} keypoints each`, scores.ms]));
    rows.push(tableRow(['transport', `${count} keypoints each`, transport.ms]));
  }
  await session.release();
  return rows;
}

ort.env.wasm.numThreads = 1;
const rows = [...(await superPointRows()), ...(await superGlueRows())];
const load = loadavg()[0]!.toFixed(1);
writePart(
  DOCUMENT,
  PART,
  [
    `Milliseconds, least / median of ${RUNS} runs, in onnxruntime-web on WASM, one thread, float32, random weights. Node ${process.versions.node}, ${cpus()[0]?.model ?? 'an unknown processor'}, ${cpus().length} cores at a load of ${load}.`,
    '',
    tableRow(['step', 'size', 'ms']),
    tableRow(['---', '---', '---']),
    ...rows,
  ].join('\n'),
);
