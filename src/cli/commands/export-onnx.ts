// `cairn export-onnx`: the ONNX file of a registered encoder, or of a network with given weights.
import { writeFile } from 'node:fs/promises';
import { emitEncoderOnnx, needsSizes } from '../../nets/encoder.ts';
import { network } from '../../nets/networks.ts';
import { findEncoder, parseRegistry } from '../../weights/load-registry.ts';
import { folderSource } from '../../weights/node-source.ts';
import { readSafetensors } from '../../weights/safetensors.ts';
import { readSize } from '../flags.ts';
import { modelsFolder } from '../models.ts';
import {
  emitBackboneOnnx,
  parseNetworkName,
  randomWeights,
  readWeights,
} from '../network-model.ts';
import { summariseOnnx } from '../onnx-summary.ts';
import { printJson, usage } from '../output.ts';

export interface ExportOptions {
  readonly model: string;
  readonly out: string;
  readonly fp16?: boolean;
  /** A safetensors or PyTorch file, for a network named ARCH/SPEC. */
  readonly weights?: string;
  /** For a network named ARCH/SPEC: weights that mean nothing, to look at its graph. */
  readonly random?: boolean;
  /** `SIDE` or `WIDTHxHEIGHT` in pixels. */
  readonly size?: string;
}

/** Throws `usage`, `model-*`. */
export async function exportOnnx(options: ExportOptions): Promise<void> {
  const onnx = await emit(options);
  await writeFile(options.out, onnx).catch((cause) => {
    throw usage(`${options.out} cannot be written: ${cause.message}.`, 'Choose another file.');
  });
  const { nodes, opset } = summariseOnnx(onnx);
  printJson({ nodes, bytes: onnx.byteLength, opset });
}

async function emit(options: ExportOptions): Promise<Uint8Array> {
  const { model, fp16 = false } = options;
  const named = parseNetworkName(model);
  if (!named) return emitRegistered(options);
  const { fixedSize } = network(named.arch, named.spec);
  if (!options.weights && !options.random) {
    throw usage(
      `${model} has no weights of its own.`,
      'Give a file with --weights, or --random to see the graph alone.',
    );
  }
  const weights = options.weights ? await readWeights(options.weights) : randomWeights(named);
  const size = options.size ?? (fixedSize ? DEFAULT_SIZE : undefined);
  return emitBackboneOnnx(named, weights, { fp16, ...(size ? { size: readSize(size) } : {}) });
}

async function emitRegistered({ model, fp16 = false, size }: ExportOptions): Promise<Uint8Array> {
  const source = folderSource(modelsFolder());
  const entry = findEncoder(parseRegistry(await source.registry()), model);
  const weights = readSafetensors(await source.file(entry.weights));
  const { views } = entry.input;
  const wanted = size ? readSize(size) : null;
  // Where the graph is recorded for one size, squares of the views' longest sides unless told.
  const sizes =
    wanted || needsSizes(entry)
      ? views.map((side) => wanted ?? { width: side, height: side })
      : undefined;
  return emitEncoderOnnx(weights, entry, {
    output: 'embedding',
    fp16,
    fp16Weights: fp16,
    ...(sizes ? { sizes } : {}),
  });
}

const DEFAULT_SIZE = '224';
