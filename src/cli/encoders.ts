// The encoders that `cairn fit` can fit: everything about them that fitting does not find out.
import type { EncoderEntry, EnsembleEntry } from '../weights/registry.ts';

export type EncoderRecipe = Omit<
  EncoderEntry,
  'weights' | 'bank' | 'decision' | 'golden' | 'dim'
> & {
  /** Weights of the network in the models folder; fitting adds the whitening to this file. */
  readonly weightsFile: string;
  /** Length of the descriptor before whitening. */
  readonly descriptor: number;
};

export const ENCODER_RECIPES: readonly EncoderRecipe[] = [
  {
    id: 'efficientnet-lite0-gem',
    title: 'EfficientNet-Lite0, GeM, two scales, learned whitening',
    arch: 'efficientnet-lite',
    spec: 'lite0',
    weightsFile: 'efficientnet-lite0.safetensors',
    descriptor: 1280,
    input: { views: [224, 320], multiple: 32, mean: [127, 127, 127], std: [128, 128, 128] },
    pooling: { kind: 'gem', p: 3, views: 'mean' },
    licence: 'Apache-2.0',
    card: 'efficientnet-lite0.md',
  },
];

export type EnsembleRecipe = Omit<EnsembleEntry, 'bank' | 'decision' | 'golden'>;

/** Encoders that serve together; each must have a recipe above. */
export const ENSEMBLE_RECIPES: readonly EnsembleRecipe[] = [];

/** What recognition uses unless told otherwise: an encoder or an ensemble. */
export const DEFAULT_MODEL = 'efficientnet-lite0-gem';
