// A network named on the command line as ARCH/SPEC: its weights from a file or at random, its ONNX graph.
import { readFile } from 'node:fs/promises';
import { network } from '../nets/networks.ts';
import { initialise } from '../nets/parameters.ts';
import { OnnxOps } from '../tensor/onnx-ops.ts';
import { readSafetensors, readSafetensorsMetadata, type Weights } from '../weights/safetensors.ts';
import { isTorchFile, readTorchFile } from '../weights/torch-file.ts';
import { readArch } from './flags.ts';
import { usage } from './output.ts';

export interface NamedNetwork {
  readonly arch: string;
  readonly spec: string;
}

/** Null for a name without a slash: that is the id of a registry's encoder. Throws `usage`, `model-invalid`. */
export function parseNetworkName(name: string): NamedNetwork | null {
  const slash = name.indexOf('/');
  if (slash < 0) return null;
  const named = { arch: readArch('network', name.slice(0, slash)), spec: name.slice(slash + 1) };
  network(named.arch, named.spec);
  return named;
}

/** A safetensors file or a PyTorch checkpoint. Throws `usage` when it cannot be read, `model-invalid`. */
export async function readWeights(file: string): Promise<Weights> {
  return (await readCheckpoint(file)).weights;
}

/** Likewise, with what the file says of itself; PyTorch's say nothing. */
export async function readCheckpoint(
  file: string,
): Promise<{ weights: Weights; metadata: ReadonlyMap<string, string> }> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw usage(`The weights cannot be read: ${why}.`, 'Check the path.');
  }
  if (isTorchFile(bytes)) {
    return { weights: (await readTorchFile(bytes)).weights, metadata: new Map() };
  }
  return { weights: readSafetensors(bytes), metadata: readSafetensorsMetadata(bytes) };
}

/** Seed of random weights: the same network each time. */
const SEED = 1;

/** Random weights for timing: what a network computes does not change how long it takes. */
export function randomWeights({ arch, spec }: NamedNetwork): Weights {
  return initialise(arch, spec, SEED);
}

export interface BackboneOptions {
  /** Sides of the picture; free where left out. */
  readonly size?: { readonly width: number; readonly height: number };
  readonly fp16?: boolean;
}

/**
 * The backbone alone as an ONNX file: input `image` float32 [N, 3, H, W], output `features` float32
 * [N, C], the mean over the last map. Throws `usage` when the network needs a size and none is given.
 */
export function emitBackboneOnnx(
  named: NamedNetwork,
  weights: Weights,
  options: BackboneOptions = {},
): Uint8Array<ArrayBuffer> {
  const { arch, spec } = named;
  const net = network(arch, spec);
  if (net.fixedSize && !options.size) {
    throw usage(`The graph of ${arch}/${spec} is recorded for one size.`, 'Give it with --size.');
  }
  const ops = new OnnxOps({
    compute: options.fp16 ? 'float16' : 'float32',
    storage: options.fp16 ? 'float16' : 'float32',
  });
  const { height = 'H', width = 'W' } = options.size ?? {};
  const image = ops.input('image', ['N', 3, height, width]);
  const name = `${arch}/${spec}`;
  const { head } = net.maps(ops, ops.params(weights, `the weights of ${name}`), image);
  return ops.encode(name, { features: ops.spatialMean(head) });
}
