// SuperGlue (Sarlin et al. 2020, arXiv:1911.11763): scores between the keypoints of two pictures, after both
// have seen each other. Names are those of the authors' superglue_outdoor.pth.
import type { Ops, Params } from '../../tensor/ops.ts';
import { batchNorm, linear } from '../layers.ts';
import { type Parameter, ParameterList } from '../parameter-list.ts';
import type { SuperGlueSpec } from './specs.ts';

/** What optimal transport gives up a keypoint for; it is used outside of the network's graph. */
export const BIN_SCORE = 'bin_score';

/** x and y, in the picture's middle 0, and the corner's score. */
const PLACE_NUMBERS = 3;

/** Keypoints of one picture. */
export interface KeypointSide<T> {
  /** [N, L, channels]. */
  readonly descriptors: T;
  /** Rows of x, y (see matching/keypoints.ts, `placesOf`) and score: [N, L, 3]. */
  readonly places: T;
  /** [N, L, 1], 1 for keypoints and 0 for padding; all count when null. */
  readonly mask: T | null;
}

type Pair<V> = readonly [V, V];

/** [N, L, S], of any sign; rows and columns of padding mean nothing. */
export function superGlue<T>(
  ops: Ops<T>,
  p: Params<T>,
  sides: Pair<KeypointSide<T>>,
  spec: SuperGlueSpec,
): T {
  let [a, b] = sides.map(({ descriptors, places }, i) =>
    ops.scope(side(i), () =>
      ops.add(descriptors, perceptron(ops, p.scope('kenc'), 'encoder', places, depth(spec), spec)),
    ),
  ) as [T, T];
  for (let i = 0; i < 2 * spec.pairsOfLayers; i++) {
    const across = i % 2 === 1;
    const own = p.scope(`gnn.layers.${i}`);
    // Across, both pictures look at what the other was before this layer.
    const messages = [a, b].map((x, at) =>
      ops.scope(`gnn.layers.${i}/${side(at)}`, () => {
        const other = across ? 1 - at : at;
        return propagate(ops, own, x, [a, b][other]!, sides[other]!.mask, spec);
      }),
    ) as [T, T];
    [a, b] = [ops.add(a, messages[0]), ops.add(b, messages[1])];
  }
  const project = (x: T, i: number) => ops.scope(side(i), () => linear(ops, p, 'final_proj', x));
  const scale = spec.channels ** -0.5;
  return ops.similarity(ops.mul(project(a, 0), scale), project(b, 1));
}

function side(i: number): string {
  return i === 0 ? 'a' : 'b';
}

/** How many layers the network that places keypoints has. */
function depth({ keypointEncoder }: SuperGlueSpec): number {
  return keypointEncoder.length + 1;
}

/** What `source` has to say to x: attention, then a perceptron that sees x too. */
function propagate<T>(
  ops: Ops<T>,
  p: Params<T>,
  x: T,
  source: T,
  keyMask: T | null,
  spec: SuperGlueSpec,
): T {
  const { heads, channels } = spec;
  const q = linear(ops, p, 'attn.proj.0', x);
  const k = linear(ops, p, 'attn.proj.1', source);
  const v = linear(ops, p, 'attn.proj.2', source);
  const scaled = ops.mul(q, (channels / heads) ** -0.5);
  const sums = ops.scope('attn', () => ops.interleavedAttention(scaled, k, v, { heads, keyMask }));
  const message = linear(ops, p, 'attn.merge', sums);
  return perceptron(ops, p, 'mlp', ops.concat([x, message]), 2, spec);
}

/**
 * Linear layers with a batch norm and a ReLU between two. In the authors' list of modules each layer takes
 * three places.
 */
function perceptron<T>(
  ops: Ops<T>,
  parent: Params<T>,
  name: string,
  input: T,
  layers: number,
  { batchNormEps: eps }: SuperGlueSpec,
): T {
  return ops.scope(name, () => {
    const p = parent.scope(name);
    let x = input;
    for (let i = 0; i < layers - 1; i++) {
      x = linear(ops, p, `${3 * i}`, x);
      x = ops.relu(batchNorm(ops, p, `${3 * i + 1}`, x, eps));
    }
    return linear(ops, p, `${3 * (layers - 1)}`, x);
  });
}

/** What {@link superGlue} reads, and {@link BIN_SCORE}, by the authors' names. */
export function superGlueParameters(spec: SuperGlueSpec): ReadonlyMap<string, Parameter> {
  const list = new ParameterList();
  const { channels } = spec;
  // An nn.Conv1d with a kernel of 1.
  const layer = (name: string, out: number, input: number, gain: number) => {
    list.add(`${name}.weight`, [out, input, 1], { std: Math.sqrt(gain / input) });
    list.add(`${name}.bias`, [out], { value: 0 });
  };
  const layers = (name: string, sizes: readonly number[]) => {
    sizes.slice(1).forEach((out, i) => {
      const last = i === sizes.length - 2;
      layer(`${name}.${3 * i}`, out, sizes[i]!, last ? 1 : 2);
      if (!last) list.batchNorm(`${name}.${3 * i + 1}`, out);
    });
  };
  list.add(BIN_SCORE, [], { value: 1 });
  layers('kenc.encoder', [PLACE_NUMBERS, ...spec.keypointEncoder, channels]);
  for (let i = 0; i < 2 * spec.pairsOfLayers; i++) {
    const name = `gnn.layers.${i}`;
    for (const each of ['merge', 'proj.0', 'proj.1', 'proj.2']) {
      layer(`${name}.attn.${each}`, channels, channels, 1);
    }
    layers(`${name}.mlp`, [2 * channels, 2 * channels, channels]);
  }
  layer('final_proj', channels, channels, 1);
  return list.all;
}
