// The encoder as one function: views of a photo → descriptor → embedding; and its ONNX graph.
import { CairnError } from '../errors.ts';
import { OnnxOps, type OnnxOptions } from '../tensor/onnx-ops.ts';
import type { Ops, Params } from '../tensor/ops.ts';
import type { EncoderEntry } from '../weights/registry.ts';
import type { Weights } from '../weights/safetensors.ts';
import { hasHead, head } from './head.ts';
import { linear } from './layers.ts';
import { type NetworkMaps, network } from './networks.ts';
import { needsMapSize, type PoolingSpec, poolingFor, takesRegions } from './pooling.ts';
import { regionWeights } from './regions.ts';

/** A map of the network by name; `stage0` is the shallowest stage. */
export type Layer = 'head' | 'last' | `stage${number}`;

/** What of a registry entry says how a photo becomes a descriptor. */
export interface DescriptorSpec extends Pick<EncoderEntry, 'arch' | 'spec'> {
  readonly pooling: PoolingSpec & {
    /** Maps to pool, each L2-normalised, then concatenated; the head when left out. */
    readonly layers?: readonly Layer[];
    /** How the views' vectors become one; concatenated when left out. */
    readonly views?: 'concat' | 'mean';
  };
}

/** The parameters of the whitening: `whitening.mean` [C], `.weight` [dim, C], and maybe `.bias` [dim]. */
const WHITENING = 'whitening';

/**
 * Several views of the same photos (the same net on other input sizes), each [N, 3, H, W] with its own
 * H and W, to one descriptor: network → pooling → L2 for each view, then concatenated to
 * [N, views · C] or averaged to [N, C] (multi-scale descriptors as in Radenović, Tolias and Chum
 * 2018), and L2-normalised again; then through the trained head where the weights hold one (head.ts),
 * [N, dim]. Throws as the network does, `model-invalid` for an unknown spec or layer.
 * @param regions of each view, where {@link needsRegions} and the views' sides are not known
 */
export function describe<T>(
  ops: Ops<T>,
  p: Params<T>,
  views: readonly T[],
  spec: DescriptorSpec,
  regions?: readonly T[],
): T {
  const pooled = poolViews(ops, p, views, spec, regions);
  return hasHead(p) ? head(ops, p, pooled) : pooled;
}

function poolViews<T>(
  ops: Ops<T>,
  p: Params<T>,
  views: readonly T[],
  spec: DescriptorSpec,
  regions?: readonly T[],
): T {
  const pool = poolingFor(spec.pooling);
  const layers = spec.pooling.layers ?? ['head'];
  const backbone = network(spec.arch, spec.spec);
  const vectors = views.map((view, i) =>
    ops.scope(`view${i}`, () => {
      const maps = backbone.maps(ops, p, view);
      const pooled = layers.map((layer) =>
        ops.l2Normalize(pool(ops, p, layerOf(maps, layer), regions?.[i])),
      );
      const [only, ...others] = pooled;
      return only !== undefined && others.length === 0 ? only : ops.l2Normalize(ops.concat(pooled));
    }),
  );
  const [first] = vectors;
  if (vectors.length === 1 && first !== undefined) return first;
  return ops.scope('descriptor', () =>
    ops.l2Normalize(
      spec.pooling.views === 'mean'
        ? vectors.reduce((sum, vector) => ops.add(sum, vector))
        : ops.concat(vectors),
    ),
  );
}

/**
 * {@link describe}, then what makes it an embedding [N, dim]: the whitening where the weights hold one,
 * (x − mean) · weightᵀ (+ bias), L2-normalised; a head alone gives embeddings too.
 * Throws `model-invalid` when the weights hold neither.
 */
export function embed<T>(
  ops: Ops<T>,
  p: Params<T>,
  views: readonly T[],
  spec: DescriptorSpec,
  regions?: readonly T[],
): T {
  const descriptor = describe(ops, p, views, spec, regions);
  if (hasHead(p) && !p.has(`${WHITENING}.weight`)) return descriptor;
  return ops.scope('embedding', () => {
    const centred = ops.sub(descriptor, p.get(`${WHITENING}.mean`));
    return ops.l2Normalize(linear(ops, p, WHITENING, centred));
  });
}

/** Whether the encoder's graph is recorded for one size of each view: then `sizes` must be given. */
export function needsSizes(spec: DescriptorSpec): boolean {
  return network(spec.arch, spec.spec).fixedSize || needsMapSize(spec.pooling.kind);
}

/**
 * Whether the encoder's graph takes the regions of each view's map as inputs `regions0`, `regions1`, …
 * ({@link viewRegions}) when it is recorded without `sizes`.
 */
export function needsRegions(spec: DescriptorSpec): boolean {
  return takesRegions(spec.pooling.kind) && !needsSizes(spec);
}

/** The regions of a view's map: `values` [cells, regions], row-major. */
export function viewRegions(spec: DescriptorSpec, { width, height }: ViewSize) {
  const { stride } = network(spec.arch, spec.spec);
  return regionWeights(Math.ceil(height / stride), Math.ceil(width / stride));
}

function layerOf<T>(maps: NetworkMaps<T>, layer: Layer): T {
  if (layer === 'head' || layer === 'last') return maps[layer];
  const map = maps.stages[Number(layer.slice('stage'.length))];
  if (map === undefined) {
    throw new CairnError(
      'model-invalid',
      `The network has no layer "${layer}".`,
      `Use head, last, or stage0 to stage${maps.stages.length - 1}.`,
    );
  }
  return map;
}

/** What of a registry entry an encoder's graph depends on. */
export interface EmittedEncoder extends DescriptorSpec, Pick<EncoderEntry, 'id' | 'dim'> {
  readonly input: Pick<EncoderEntry['input'], 'views'>;
}

export interface EmitOptions {
  /** Named so in the graph: what {@link describe} gives, or {@link embed}. */
  readonly output: 'descriptor' | 'embedding';
  /** Convolutions compute in float16; inputs, pooling, whitening and outputs stay float32. */
  readonly fp16?: boolean;
  /** Weights lie in the file as float16 (half its size) but compute in float32. */
  readonly fp16Weights?: boolean;
  /** The size of each view in pixels; free where left out, which {@link needsSizes} may forbid. */
  readonly sizes?: readonly ViewSize[];
}

export interface ViewSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The encoder's `.onnx` file. Inputs are `view0`, `view1`, …, one for each of `entry.input.views`:
 * float32 [N, 3, H, W], normalised; H and W are those of `sizes`, or free multiples of what the network
 * wants (nothing in the graph checks that). Then `regions0`, …, where {@link needsRegions}. Throws `model-invalid` when weights are missing, of a wrong
 * shape, or do not give `entry.dim`, `usage` when sizes are needed and not given for each view.
 */
export function emitEncoderOnnx(
  weights: Weights,
  entry: EmittedEncoder,
  options: EmitOptions,
): Uint8Array<ArrayBuffer> {
  const onnx: OnnxOptions = {
    compute: options.fp16 ? 'float16' : 'float32',
    storage: options.fp16Weights ? 'float16' : 'float32',
  };
  const ops = new OnnxOps(onnx);
  const params = ops.params(weights, `the weights of "${entry.id}"`);
  requireSizes(entry, options);
  const views = entry.input.views.map((_, i) => {
    const { height = `view${i}.H`, width = `view${i}.W` } = options.sizes?.[i] ?? {};
    return ops.input(`view${i}`, ['N', 3, height, width]);
  });
  const regions =
    needsRegions(entry) && !options.sizes
      ? views.map((_, i) => ops.input(`regions${i}`, [`view${i}.cells`, `view${i}.regions`]))
      : undefined;
  const run = options.output === 'descriptor' ? describe : embed;
  const result = run(ops, params, views, entry, regions);
  const [, length] = ops.shape(result);
  if (options.output === 'embedding' && length !== entry.dim) {
    throw new CairnError(
      'model-invalid',
      `The whitening of "${entry.id}" gives ${length} numbers where ${entry.dim} are declared.`,
      'Fit the whitening again, or correct the registry.',
    );
  }
  const metadata = new Map([['encoder', entry.id]]);
  return ops.encode(entry.id, { [options.output]: result }, metadata);
}

function requireSizes(entry: EmittedEncoder, { sizes }: EmitOptions): void {
  const views = entry.input.views.length;
  if (sizes ? sizes.length === views : !needsSizes(entry)) return;
  throw new CairnError(
    'usage',
    `The graph of "${entry.id}" is recorded for fixed sizes: ${sizes?.length ?? 0} came for ${views} views.`,
    'Give the size of each view.',
  );
}
