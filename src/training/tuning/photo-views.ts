// What the last stage learns from: each photo as it is, mirrored, cut a little, and a corner of it.
import * as tf from '@tensorflow/tfjs-core';
import type { PixelGrid } from '../../imaging/decode.ts';
import { viewSize } from '../../imaging/to-tensor.ts';
import { seededRandom } from '../../random.ts';
import type { EncoderEntry } from '../../weights/registry.ts';
import { applyDraw } from '../augment/augment.ts';
import { type Draw, drawAugmentation } from '../augment/draw.ts';
import { AUGMENTATIONS } from '../augment/presets.ts';
import { mixSeeds } from '../data/seeds.ts';
import type { LowerPart, StillPart } from './still-part.ts';

/** One picture of a photo, through the part of the network that stays. */
export interface PhotoView {
  readonly part: StillPart;
  /** By the network as it was: what the tuned one is held to. [dim], L2-normalised. */
  readonly embedding: Float32Array;
}

export interface PhotoViews {
  /** The photo as recognition sees it comes first. */
  readonly whole: readonly PhotoView[];
  /** Of a corner, too little to show the landmark: must stay where it is. */
  readonly corner: PhotoView;
}

const AS_IT_IS: Draw = {
  flip: false,
  quality: null,
  crop: null,
  affine: null,
  colour: null,
  cutout: null,
};
/** Of a photo's sides: landmarks fill the middle, not a corner of this size. */
const CORNER = 0.35;

/** As it is, mirrored, `crops` times cut and recoloured a little; then one corner. The same for a seed. */
export function drawViews(crops: number, seed: number): { whole: Draw[]; corner: Draw } {
  const random = seededRandom(seed);
  const cut = Array.from({ length: crops }, () => drawAugmentation(AUGMENTATIONS.light, random));
  const [left, top] = [random() < 0.5 ? 0 : 1 - CORNER, random() < 0.5 ? 0 : 1 - CORNER];
  return {
    whole: [AS_IT_IS, { ...AS_IT_IS, flip: true }, ...cut],
    corner: { ...AS_IT_IS, crop: { left, top, width: CORNER, height: CORNER } },
  };
}

/**
 * @param crops pictures of each photo beside the plain and the mirrored one
 * @param seed of this photo's draws
 */
export async function viewsOf(
  photo: PixelGrid,
  lower: LowerPart,
  input: EncoderEntry['input'],
  { crops, seed }: { readonly crops: number; readonly seed: number },
): Promise<PhotoViews> {
  const { whole, corner } = drawViews(crops, mixSeeds(seed, 0));
  const see = (draw: Draw) => viewOf(photo, draw, lower, input);
  const views: PhotoView[] = [];
  for (const draw of whole) views.push(await see(draw));
  return { whole: views, corner: await see(corner) };
}

/** A photo as recognition sees it. */
export function plainView(
  photo: PixelGrid,
  lower: LowerPart,
  input: EncoderEntry['input'],
): Promise<PhotoView> {
  return viewOf(photo, AS_IT_IS, lower, input);
}

async function viewOf(
  photo: PixelGrid,
  draw: Draw,
  lower: LowerPart,
  input: EncoderEntry['input'],
): Promise<PhotoView> {
  const images: tf.Tensor4D[] = [];
  for (const side of input.views) {
    const { width, height } = viewSize(photo.width, photo.height, side, input.multiple);
    const pixels = new Float32Array(width * height * 3);
    // None of these draws compresses.
    const jpeg = async (same: PixelGrid) => same;
    await applyDraw({ pixels: photo, shrunk: false }, draw, { width, height }, jpeg, pixels);
    for (let i = 0; i < pixels.length; i++) {
      const channel = i % 3;
      pixels[i] = (pixels[i]! - input.mean[channel]!) / input.std[channel]!;
    }
    images.push(tf.tensor4d(pixels, [1, height, width, 3]));
  }
  return lower.of(images);
}
