// Networks in turns on onnxruntime-web's WASM in Node: ours, PyTorch's export of the same, MobileNets, NSFWJS.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web';
import sharp from 'sharp';
import { DEFAULT_MODEL } from '../../src/cli/encoders.ts';
import { modelsFolder } from '../../src/cli/models.ts';
import {
  emitBackboneOnnx,
  parseNetworkName,
  randomWeights,
  readWeights,
} from '../../src/cli/network-model.ts';
import { decodePhoto } from '../../src/imaging/decode-node.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import { RegistryEncoder } from '../../src/inference/registry-encoder.ts';
import { seededRandom } from '../../src/random.ts';
import { folderSource } from '../../src/weights/node-source.ts';
import { type BenchedNetwork, exportOf, isOurs, NETWORKS } from './networks.ts';
import { openNsfwjs } from './nsfwjs.ts';
import { inRounds, type Way, type WayTiming } from './rounds.ts';

const WARM_UP = 3;
/** Of the square photo that whole encoders get: as large as their largest view, so that little is resized. */
const PHOTO_SIDE = 320;

export interface EncodeRow extends WayTiming {
  readonly name: string;
  readonly by: 'Cairn' | 'PyTorch export' | 'NSFWJS';
  /** In words: the network's input. */
  readonly input: string;
  /** Largest difference of our features from PyTorch's of the same weights, relative to the largest of them. */
  readonly difference?: number;
}

export interface EncodePart {
  readonly threads: number;
  readonly rows: readonly EncodeRow[];
  readonly skipped: readonly string[];
}

interface Entry extends Way {
  readonly row: Omit<EncodeRow, keyof WayTiming>;
  /** Of the last run. */
  readonly features?: () => Float32Array;
}

/** @param threads of onnxruntime-web, which takes them once a process */
export async function benchEncodePeers(threads: number, rounds: number): Promise<EncodePart> {
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  const skipped: string[] = [];
  const entries: Entry[] = [await ensemble(threads)];
  for (const network of NETWORKS) {
    if (isOurs(network)) entries.push(await graph(network, 'Cairn', await ownGraph(network)));
    const { onnx } = exportOf(network);
    if (existsSync(onnx))
      entries.push(await graph(network, 'PyTorch export', await readFile(onnx)));
    else skipped.push(`${network.title} as PyTorch exports it: not measured, ${onnx} is not there`);
  }
  if (threads === 1) entries.push(await nsfwjs());
  else skipped.push("NSFWJS with two threads: tfjs's WASM has none in Node");
  const times = await inRounds(entries, { rounds, warmUp: WARM_UP });
  const rows = entries.map(({ name, row }): EncodeRow => {
    const difference = apart(row, entries);
    return { ...row, ...times.get(name)!, ...(difference === null ? {} : { difference }) };
  });
  return { threads, rows, skipped };
}

/** The default encoder from decoded pixels to the embedding: both views resized, both networks, both whitenings. */
async function ensemble(threads: number): Promise<Entry> {
  const runtime = nodeRuntime();
  const facts = { ...(await runtime.facts()), cores: threads };
  const encoder = new RegistryEncoder({
    runtime: { ...runtime, facts: async () => facts },
    wish: 'wasm',
    decode: decodePhoto,
    source: async () => folderSource(modelsFolder()),
  });
  const { data, width, height, channels } = drawScene(1, 1);
  const photo = await sharp(data, { raw: { width, height, channels } })
    .resize({ width: PHOTO_SIDE, height: PHOTO_SIDE, fit: 'fill' })
    .png()
    .toBuffer();
  const name = `${DEFAULT_MODEL}, pixels to embedding`;
  return {
    name,
    row: { name, by: 'Cairn', input: '224 × 224 and 320 × 320' },
    run: async () => {
      const { timings } = await encoder.encode(photo);
      return (timings.resize ?? 0) + (timings.encode ?? 0);
    },
  };
}

/** With the weights of PyTorch's export where it is there, so that the two can be compared. */
async function ownGraph(network: BenchedNetwork): Promise<Uint8Array> {
  const named = parseNetworkName(network.model)!;
  const { weights } = exportOf(network);
  const tensors = existsSync(weights) ? await readWeights(weights) : randomWeights(named);
  return emitBackboneOnnx(named, tensors, { size: { width: network.side, height: network.side } });
}

async function graph(
  { title, side }: BenchedNetwork,
  by: EncodeRow['by'],
  onnx: Uint8Array,
): Promise<Entry> {
  const session = await ort.InferenceSession.create(onnx, { graphOptimizationLevel: 'all' });
  const random = seededRandom(1);
  const pixels = Float32Array.from({ length: 3 * side * side }, () => 2 * random() - 1);
  const feeds = { [session.inputNames[0]!]: new ort.Tensor('float32', pixels, [1, 3, side, side]) };
  let features = new Float32Array();
  return {
    name: `${title} ${by}`,
    row: { name: title, by, input: `${side} × ${side}` },
    run: async () => {
      const outputs = await session.run(feeds);
      features = outputs[session.outputNames[0]!]!.data as Float32Array<ArrayBuffer>;
    },
    features: () => features,
  };
}

async function nsfwjs(): Promise<Entry> {
  const embedder = await openNsfwjs();
  const side = 224;
  const { data, width, height, channels } = drawScene(1, 1);
  const pixels = await sharp(data, { raw: { width, height, channels } })
    .resize({ width: side, height: side, fit: 'fill' })
    .raw()
    .toBuffer();
  const photo = { width: side, height: side, channels, data: new Uint8Array(pixels) };
  const name = 'NSFWJS MobileNetV2, tfjs on WASM';
  return {
    name,
    row: { name, by: 'NSFWJS', input: `${side} × ${side}` },
    run: async () => {
      await embedder.embed(photo);
    },
  };
}

/** Of our features from those of PyTorch's export; null where there are not both. */
function apart(row: Entry['row'], entries: readonly Entry[]): number | null {
  if (row.by !== 'Cairn') return null;
  const of = (by: EncodeRow['by']) =>
    entries.find((each) => each.row.name === row.name && each.row.by === by)?.features?.();
  const [ours, theirs] = [of('Cairn'), of('PyTorch export')];
  return ours && theirs ? relativeDifference(ours, theirs) : null;
}

/** Largest difference over the largest value of the first; NaN where their lengths differ. */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  let [most, apartBy] = [0, a.length === b.length ? 0 : Number.NaN];
  for (const [i, value] of a.entries()) {
    most = Math.max(most, Math.abs(value));
    apartBy = Math.max(apartBy, Math.abs(value - (b[i] ?? Number.NaN)));
  }
  return apartBy / most;
}
