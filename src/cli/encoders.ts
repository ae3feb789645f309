// The encoders that `cairn fit` can fit: everything about them that fitting does not find out.
import { network } from '../nets/networks.ts';
import type { Arch, EncoderEntry, EnsembleEntry } from '../weights/registry.ts';

export type EncoderRecipe = Omit<
  EncoderEntry,
  'weights' | 'bank' | 'decision' | 'golden' | 'dim'
> & {
  /** Weights of the network in the models folder; fitting adds the whitening to this file. */
  readonly weightsFile: string;
  /** Length of the descriptor before whitening. */
  readonly descriptor: number;
};

/** To about −1..1, as TensorFlow's networks have it. */
const SYMMETRIC = { mean: [127, 127, 127], std: [128, 128, 128] } as const;

/** A compact network that `cairn train` made (docs/training.md): its head gives 512 numbers. */
function ours(arch: Arch, title: string): EncoderRecipe {
  const id = `${arch}-compact`;
  const { multiple, normalisation } = network(arch, 'compact');
  return {
    id,
    title: `${title}, compact, R-GeM at 160 px, trained by Cairn, learned whitening`,
    arch,
    spec: 'compact',
    weightsFile: `${id}.safetensors`,
    descriptor: 512,
    input: { views: [160], multiple, ...normalisation },
    pooling: { kind: 'r-gem', p: 3 },
    licence: 'Apache-2.0',
    card: `${id}.md`,
  };
}

export const ENCODER_RECIPES: readonly EncoderRecipe[] = [
  {
    id: 'efficientnet-lite0-gem',
    title: 'EfficientNet-Lite0, GeM, two scales, learned whitening',
    arch: 'efficientnet-lite',
    spec: 'lite0',
    weightsFile: 'efficientnet-lite0.safetensors',
    descriptor: 1280,
    input: { views: [224, 320], multiple: 32, ...SYMMETRIC },
    pooling: { kind: 'gem', p: 3, views: 'mean' },
    licence: 'Apache-2.0',
    card: 'efficientnet-lite0.md',
  },
  {
    id: 'efficientnet-lite0-rgem',
    title: 'EfficientNet-Lite0, R-GeM at 224 px, learned whitening',
    arch: 'efficientnet-lite',
    spec: 'lite0',
    weightsFile: 'efficientnet-lite0-rgem.safetensors',
    descriptor: 1280,
    input: { views: [224], multiple: 32, ...SYMMETRIC },
    pooling: { kind: 'r-gem', p: 3 },
    licence: 'Apache-2.0',
    card: 'lite0-lite2.md',
  },
  {
    id: 'efficientnet-lite2-gem',
    title: 'EfficientNet-Lite2, GeM at 320 px, learned whitening',
    arch: 'efficientnet-lite',
    spec: 'lite2',
    weightsFile: 'efficientnet-lite2.safetensors',
    descriptor: 1280,
    input: { views: [320], multiple: 32, ...SYMMETRIC },
    pooling: { kind: 'gem', p: 3 },
    licence: 'Apache-2.0',
    card: 'lite0-lite2.md',
  },
  ours('se-resnet', 'SE-ResNet'),
  ours('nfnet', 'NFNet'),
  ours('swin', 'Swin'),
];

export type EnsembleRecipe = Omit<EnsembleEntry, 'bank' | 'decision' | 'golden'>;

/** Encoders that serve together; each must have a recipe above. */
export const ENSEMBLE_RECIPES: readonly EnsembleRecipe[] = [
  {
    id: 'lite0-lite2',
    title: 'EfficientNet-Lite0 with R-GeM and EfficientNet-Lite2 with GeM',
    members: [
      { encoder: 'efficientnet-lite0-rgem', weight: 1 },
      { encoder: 'efficientnet-lite2-gem', weight: 1 },
    ],
  },
];

/** What recognition uses unless told otherwise: an encoder or an ensemble. */
export const DEFAULT_MODEL = 'lite0-lite2';
