// What chance decides about one image: a preset and a generator → one draw.
import type { AugmentationPreset, Range } from './presets.ts';

/** Shares of the whole: of a photo's or an image's sides. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Draw {
  readonly flip: boolean;
  /** JPEG quality 1..100, null = left alone. */
  readonly quality: number | null;
  /** The part of the (mirrored) photo that is shown; null = all of it. */
  readonly crop: Box | null;
  /** Shifts in shares of the image's sides, scale over 1 enlarges, angle in radians clockwise. */
  readonly affine: {
    readonly shiftX: number;
    readonly shiftY: number;
    readonly scale: number;
    readonly angle: number;
  } | null;
  /** Factors; saturation 0 is grey. */
  readonly colour: {
    readonly brightness: number;
    readonly contrast: number;
    readonly saturation: number;
  } | null;
  /** Centre in shares of the image's sides, side in shares of √(width · height). */
  readonly cutout: {
    readonly x: number;
    readonly y: number;
    readonly side: number;
    readonly fill: number;
  } | null;
}

/**
 * Draws in the order of the steps. A step's numbers are drawn only if it happens; presets that differ
 * in one step therefore differ in later draws too.
 * @param random uniform in [0, 1)
 */
export function drawAugmentation(preset: AugmentationPreset, random: () => number): Draw {
  const within = ([low, high]: Range) => low + (high - low) * random();
  // Twice as wide is as likely as half as wide.
  const logWithin = ([low, high]: Range) => Math.exp(within([Math.log(low), Math.log(high)]));
  const around = (centre: number, reach: number) => within([centre - reach, centre + reach]);
  const happens = <T>(step: (T & { readonly probability: number }) | null) =>
    step !== null && random() < step.probability ? step : null;

  const flip = preset.flip > 0 && random() < preset.flip;
  const compression = happens(preset.compression);
  const quality = compression && Math.round(within(compression.quality));
  const cropping = happens(preset.crop);
  const crop = cropping && drawCrop(within(cropping.area), logWithin(cropping.aspect), random);
  const moving = happens(preset.shiftScaleRotate);
  const affine = moving && {
    shiftX: around(0, moving.shift),
    shiftY: around(0, moving.shift),
    scale: around(1, moving.scale),
    angle: (around(0, moving.rotate) * Math.PI) / 180,
  };
  const jitter = happens(preset.colour);
  const factors = jitter && {
    brightness: around(1, jitter.brightness),
    contrast: around(1, jitter.contrast),
    saturation: around(1, jitter.saturation),
  };
  const grey = preset.grey > 0 && random() < preset.grey;
  const colour = grey ? { brightness: 1, contrast: 1, ...factors, saturation: 0 } : factors;
  const cutting = happens(preset.cutout);
  const cutout = cutting && { x: random(), y: random(), side: cutting.side, fill: cutting.fill };
  return { flip, quality, crop, affine, colour, cutout };
}

/** A box of that area whose aspect ratio is the photo's times `aspect`, as far as the photo reaches. */
function drawCrop(area: number, aspect: number, random: () => number): Box {
  const width = Math.min(1, Math.sqrt(area * aspect));
  const height = Math.min(1, Math.sqrt(area / aspect));
  return { left: (1 - width) * random(), top: (1 - height) * random(), width, height };
}
