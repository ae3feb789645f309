// What LoFTR's sizes weigh, cost and take in onnxruntime-web on WASM with random weights. Writes the table in
// docs/matching.md.
//
// Usage: npx tsx scripts/loftr-times.ts [SPEC...]   (rows of others stay)
import { cpus, loadavg } from 'node:os';
import * as ort from 'onnxruntime-web';
import { loftrCost } from '../src/nets/loftr/cost.ts';
import { loftrGraphs } from '../src/nets/loftr/graphs.ts';
import { loftrParameters } from '../src/nets/loftr/loftr.ts';
import { COARSE_STRIDE, FINE_WINDOW, LOFTR } from '../src/nets/loftr/specs.ts';
import { startWeights } from '../src/nets/parameters.ts';
import { specNamed } from '../src/nets/specs.ts';
import { seededRandom } from '../src/random.ts';
import { readPart, rowsOf, tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/matching.md';
const PART = 'loftr:times';
const SPECS = ['lite0', 'compact', 'outdoor'];
/** Those of photos with three sides to four, multiples of 16. */
const OURS = [
  [320, 240],
  [480, 368],
  [640, 480],
] as const;
const SIZES: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  lite0: OURS,
  compact: OURS,
  outdoor: [[320, 240]],
};
/** A usual number of matches that are refined. */
const MATCHES = 256;
const RUNS = { lite0: 9, compact: 9, outdoor: 2 } as Readonly<Record<string, number>>;

const random = seededRandom(1);

function tensor(dims: readonly number[], fill?: number): ort.Tensor {
  const length = dims.reduce((product, side) => product * side, 1);
  const values = Float32Array.from({ length }, () => fill ?? random());
  return new ort.Tensor('float32', values, dims);
}

/** Milliseconds of one run: the least and the median of several, after one that warms up. */
async function time(
  model: Uint8Array,
  feeds: Record<string, ort.Tensor>,
  runs: number,
): Promise<string> {
  const session = await ort.InferenceSession.create(model);
  await session.run(feeds);
  const taken: number[] = [];
  for (let i = 0; i < runs; i++) {
    const begin = performance.now();
    await session.run(feeds);
    taken.push(performance.now() - begin);
  }
  await session.release();
  taken.sort((a, b) => a - b);
  return `${taken[0]!.toFixed(0)} / ${taken[Math.floor(runs / 2)]!.toFixed(0)}`;
}

async function rowsFor(name: string): Promise<string[]> {
  const spec = specNamed(LOFTR, name);
  const weights = startWeights(loftrParameters(spec), 1);
  let numbers = 0;
  for (const { shape } of weights.values()) {
    numbers += shape.reduce((product, side) => product * side, 1);
  }
  const graphs = loftrGraphs(weights, name);
  const [fine, , coarse] = spec.channels;
  const rows: string[] = [];
  for (const [width, height] of SIZES[name] ?? []) {
    const cells = (width * height) / COARSE_STRIDE ** 2;
    const pair = (of: (i: number) => [string, ort.Tensor][]) =>
      Object.fromEntries([0, 1].flatMap(of));
    const runs = RUNS[name] ?? 1;
    const image = { image: tensor([1, 1, height, width]) };
    const sides = pair((i) => [
      [`tokens${i}`, tensor([1, cells, coarse])],
      [`positions${i}`, tensor([1, cells, coarse])],
      [`mask${i}`, tensor([1, cells, 1], 1)],
    ]);
    const windows = pair((i) => [
      [`windows${i}`, tensor([MATCHES, FINE_WINDOW ** 2, fine])],
      [`cells${i}`, tensor([MATCHES, 1, coarse])],
    ]);
    const used = tensor([MATCHES, 1, 1], 1);
    const ms = [
      await time(graphs.features(), image, runs),
      await time(graphs.coarse(), sides, runs),
      await time(graphs.fine(), { ...windows, used }, runs),
    ];
    const cost = loftrCost(name, { width, height }, MATCHES);
    const macs = [cost.features, cost.coarse, cost.fine].map((macs) => (macs / 1e9).toFixed(2));
    const weight = [(numbers / 1e6).toFixed(2), ((2 * numbers) / 1e6).toFixed(1)];
    rows.push(tableRow([name, ...weight, `${width} × ${height}`, ...macs, ...ms]));
    console.log(rows.at(-1));
  }
  return rows;
}

ort.env.wasm.numThreads = 1;
const wanted = process.argv.slice(2);
const lines = rowsOf(readPart(DOCUMENT, PART));
for (const name of wanted.length > 0 ? wanted : SPECS) lines.set(name, await rowsFor(name));
const head = [
  'spec',
  'numbers, M',
  'MB in fp16',
  'picture',
  'GMAC features',
  'coarse',
  'fine',
  'ms features',
  'coarse',
  'fine',
];
const load = loadavg()[0]!.toFixed(1);
writePart(
  DOCUMENT,
  PART,
  [
    `Multiply-accumulates (G) of one picture's features, of the coarse step of a pair of that size, and of ${MATCHES} refined matches; milliseconds, least / median, in onnxruntime-web on WASM, one thread, float32, random weights. Node ${process.versions.node}, ${cpus()[0]?.model ?? 'an unknown processor'}, ${cpus().length} cores at a load of ${load}.`,
    '',
    tableRow(head),
    tableRow(head.map(() => '---')),
    ...SPECS.flatMap((name) => lines.get(name) ?? []),
  ].join('\n'),
);
