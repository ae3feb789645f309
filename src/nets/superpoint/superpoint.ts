// SuperPoint (DeTone et al. 2018, arXiv:1712.07629): how much each pixel is a corner, and what the picture
// looks like around each 8 × 8 cell. Names are those of the authors' superpoint_v1.pth.
import type { Ops, Params } from '../../tensor/ops.ts';
import { conv, halfPads } from '../layers.ts';
import { type Parameter, ParameterList } from '../parameter-list.ts';
import { CELL, type SuperPointSpec } from './specs.ts';

/** A cell's corner is one of its pixels, or none: the dustbin. */
export const CORNER_CLASSES = CELL * CELL + 1;

export interface SuperPointMaps<T> {
  /** For each cell, row by row, how likely each of its pixels (row by row) is a corner, then none: [N, L, 65]. */
  readonly corners: T;
  /** For each cell, of length 1: [N, L, descriptor]. */
  readonly descriptors: T;
}

/** `image` is [N, 1, H, W], grey in 0..1; H and W are multiples of 8; L = H/8 · W/8. */
export function superPoint<T>(ops: Ops<T>, p: Params<T>, image: T): SuperPointMaps<T> {
  const layer = (name: string, x: T) => {
    const y = conv(ops, p, name, x, { pads: halfPads(3) });
    return ops.scope(name, () => ops.relu(y));
  };
  const block = (stage: number, x: T) => layer(`conv${stage}b`, layer(`conv${stage}a`, x));
  const halve = (x: T) => ops.maxPool(x, { kernel: 2, stride: 2 });

  let x = halve(block(1, image)); // [N, channels[0], H/2, W/2]
  x = halve(block(2, x));
  x = halve(block(3, x));
  x = block(4, x); // [N, channels[3], H/8, W/8]

  const corners = conv(ops, p, 'convPb', layer('convPa', x));
  const descriptors = conv(ops, p, 'convDb', layer('convDa', x));
  return {
    corners: ops.softmax(ops.flatten(corners)),
    descriptors: ops.l2Normalize(ops.flatten(descriptors)),
  };
}

/** What {@link superPoint} reads, by the authors' names. */
export function superPointParameters(spec: SuperPointSpec): ReadonlyMap<string, Parameter> {
  const list = new ParameterList();
  let input = 1;
  spec.channels.forEach((out, i) => {
    list.conv(`conv${i + 1}a`, out, input, 3, { bias: true });
    list.conv(`conv${i + 1}b`, out, out, 3, { bias: true });
    input = out;
  });
  const head = (letter: string, out: number) => {
    list.conv(`conv${letter}a`, spec.head, input, 3, { bias: true });
    list.conv(`conv${letter}b`, out, spec.head, 1, { bias: true, gain: 1 });
  };
  head('P', CORNER_CLASSES);
  head('D', spec.descriptor);
  return list.all;
}
