// Benchmark of a network alone on onnxruntime-web's WASM, and of another ONNX file of it in turns.
import { fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web';
import {
  emitBackboneOnnx,
  type NamedNetwork,
  randomWeights,
  readWeights,
} from '../src/cli/network-model.ts';
import { summariseOnnx } from '../src/cli/onnx-summary.ts';
import { usage } from '../src/cli/output.ts';
import { countMacs } from '../src/nets/cost.ts';
import type { ViewSize } from '../src/nets/encoder.ts';
import { countParameters } from '../src/nets/parameters.ts';
import { seededRandom } from '../src/random.ts';
import { type Timing, timing } from './statistics.ts';

export interface NetworkBench {
  readonly named: NamedNetwork;
  /** Runs that count. */
  readonly n: number;
  readonly size: ViewSize;
  /** Thread counts, each measured in a process of its own: WASM takes its threads once. */
  readonly threads: readonly number[];
  /** Random when left out: what the weights are does not change how long they take. */
  readonly weights?: string | undefined;
  /** Another ONNX file with one image as its input, such as PyTorch's own export of the network. */
  readonly beside?: string | undefined;
}

/** Runs that are not counted: they allocate and warm caches. */
const WARM_UP = 3;

interface Contender {
  /** Of each run, in order. */
  readonly ms: readonly number[];
  readonly features: Float32Array;
}

interface NetworkTiming extends Timing {
  /** Of all runs: what the network takes when nothing else wants the machine. */
  readonly fastest: number;
}

interface Measured {
  readonly threads: number;
  readonly ours: NetworkTiming;
  readonly beside?: NetworkTiming;
  /** Our fastest run over the other's: what a machine with other work to do can compare. */
  readonly ratio?: number;
  /** Largest difference of the features, relative to the largest of them. */
  readonly difference?: number;
}

/** Throws `usage`, `model-invalid`. */
export async function benchNetwork(bench: NetworkBench) {
  const { named, size, threads, beside } = bench;
  const results: Measured[] = [];
  for (const count of threads) {
    results.push(threads.length === 1 ? await measure(bench, count) : await inOwnProcess(count));
  }
  const { arch, spec } = named;
  const besideNodes = beside === undefined ? null : summariseOnnx(await readOnnx(beside)).nodes;
  return {
    bench: 'encode',
    unit: 'ms',
    backend: 'wasm',
    model: `${arch}/${spec}`,
    size: `${size.width} × ${size.height}`,
    parameters: countParameters(arch, spec),
    macs: countMacs(arch, spec, size.height, size.width),
    nodes: summariseOnnx(await emit(bench)).nodes,
    ...(besideNodes === null ? {} : { besideNodes }),
    threads: results,
  };
}

async function emit({ named, weights, size }: NetworkBench): Promise<Uint8Array> {
  const tensors = weights ? await readWeights(weights) : randomWeights(named);
  return emitBackboneOnnx(named, tensors, { size });
}

async function readOnnx(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause) => {
    throw usage(`${file} cannot be read: ${cause.message}.`, 'Check the path.');
  });
}

/** The same command with one thread count; its JSON comes back over stdout. */
async function inOwnProcess(threads: number): Promise<Measured> {
  const [script, ...rest] = process.argv.slice(1);
  const child = fork(script!, [...rest, '--threads', String(threads)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const parts: Buffer[] = [];
  child.stdout?.on('data', (part: Buffer) => parts.push(part));
  const code = await new Promise((done) => child.on('close', done));
  if (code !== 0)
    throw usage(`The run with ${threads} threads failed.`, 'Run it alone to see why.');
  const { threads: results } = JSON.parse(Buffer.concat(parts).toString()) as {
    threads: [Measured];
  };
  return results[0];
}

async function measure(bench: NetworkBench, threads: number): Promise<Measured> {
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  const files = [await emit(bench)];
  if (bench.beside !== undefined) files.push(await readOnnx(bench.beside));
  const [ours, other] = await inTurns(files, bench);
  if (!other) return { threads, ours: timed(ours!) };
  const scale = Math.max(...ours!.features.map(Math.abs));
  const apart = ours!.features.map((value, i) =>
    Math.abs(value - (other.features[i] ?? Number.NaN)),
  );
  return {
    threads,
    ours: timed(ours!),
    beside: timed(other),
    ratio: timed(ours!).fastest / timed(other).fastest,
    // Only of the same weights do the two agree; NaN (null in JSON) for outputs of other lengths.
    difference: Math.max(...apart) / scale,
  };
}

function timed({ ms }: Contender): NetworkTiming {
  return { ...timing(ms), fastest: Math.min(...ms) };
}

/**
 * One run of each after the other, so that whatever slows the machine slows all of them; who begins
 * changes with every turn.
 */
async function inTurns(files: readonly Uint8Array[], { n, size }: NetworkBench) {
  const { width, height } = size;
  const random = seededRandom(1);
  const pixels = Float32Array.from({ length: 3 * width * height }, () => 2 * random() - 1);
  const image = new ort.Tensor('float32', pixels, [1, 3, height, width]);
  const running = [];
  for (const file of files) {
    const session = await ort.InferenceSession.create(file, { graphOptimizationLevel: 'all' });
    running.push({ session, ms: [] as number[], features: new Float32Array() });
  }
  for (let i = 0; i < n + WARM_UP; i++) {
    for (const each of i % 2 === 0 ? running : running.toReversed()) {
      const began = performance.now();
      const outputs = await each.session.run({ [each.session.inputNames[0]!]: image });
      if (i >= WARM_UP) each.ms.push(performance.now() - began);
      each.features = outputs[each.session.outputNames[0]!]!.data as Float32Array<ArrayBuffer>;
    }
  }
  for (const { session } of running) await session.release();
  return running.map(({ ms, features }): Contender => ({ ms, features }));
}
