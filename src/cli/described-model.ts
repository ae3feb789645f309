// The photos of the validation protocol as a whole model describes them: an encoder, or an ensemble side by side.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DescribedPhoto, sideBySide } from '../training/descriptors.ts';
import { FIT } from '../training/fit-recipe.ts';
import type { MemberLayout } from '../training/metric.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { describePhotos } from './describe-photos.ts';
import { ENCODER_RECIPES, ENSEMBLE_RECIPES } from './encoders.ts';
import { modelsFolder } from './models.ts';
import { usage } from './output.ts';

export interface DescribedModel {
  readonly photos: readonly DescribedPhoto[];
  /** Where the members' numbers lie in a descriptor. */
  readonly layout: readonly MemberLayout[];
}

/** @param id of an encoder or ensemble with a recipe. Throws `usage`, `model-*`. */
export async function describeModel(
  id: string,
  manifests: readonly string[],
): Promise<DescribedModel> {
  const parts = ENSEMBLE_RECIPES.find((recipe) => recipe.id === id)?.members ?? [
    { encoder: id, weight: 1 },
  ];
  const members: DescribedPhoto[][] = [];
  const layout: MemberLayout[] = [];
  for (const { encoder, weight } of parts) {
    const recipe = ENCODER_RECIPES.find((each) => each.id === encoder);
    if (!recipe) throw usage(`There is no recipe "${encoder}".`);
    const { weightsFile, descriptor, ...fixed } = recipe;
    const weights = readSafetensors(await readFile(join(modelsFolder(), weightsFile)));
    const draft = { ...fixed, dim: FIT.dim };
    members.push(await describePhotos(manifests, draft, weights, descriptor));
    layout.push({ length: descriptor, weight });
  }
  return { photos: sideBySide(members), layout };
}
