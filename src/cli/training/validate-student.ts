// Validation of a network in training: embeds the photos of the validation protocol as recognition would.
import { type Role, roleOf } from '../../evaluation/protocol.ts';
import type { DescribedPhoto } from '../../training/descriptors.ts';
import type { Images } from '../../training/trainer/model.ts';
import type { Trainer } from '../../training/trainer/trainer.ts';
import {
  type StoredEmbeddings,
  scoreEmbeddings,
  type ValidationScores,
} from '../../training/trainer/validation.ts';
import type { EncoderEntry } from '../../weights/registry.ts';
import { readSplit } from '../describe-photos.ts';
import { progressLine } from '../output.ts';
import type { ListedPhoto } from '../photo-list.ts';
import { viewBatches } from './view-batches.ts';

export type RolePhoto = ListedPhoto & { readonly role: Role };

/** The roles that ranking on the validation split needs. */
const NEEDED: readonly Role[] = [
  'train',
  'gallery-new',
  'negative-bank',
  'known',
  'new',
  'unlisted',
  'negative-validation',
];

/** The photos that validation looks at, and those of other roles where they are asked for. */
export async function validationSet(
  photos: readonly ListedPhoto[],
  others: readonly Role[] = [],
): Promise<RolePhoto[]> {
  const split = await readSplit();
  const wanted = [...NEEDED, ...others];
  return photos
    .map((photo) => ({ ...photo, role: roleOf(photo, split) }))
    .filter(({ role }) => wanted.includes(role));
}

/**
 * @param input the view of a photo, one of it, that the network sees
 * @param teacher of the stored photos, to be asked in its gallery too
 */
export async function validateStudent(
  trainer: Pick<Trainer<Images>, 'embed'>,
  photos: readonly RolePhoto[],
  input: EncoderEntry['input'],
  teacher?: StoredEmbeddings,
): Promise<ValidationScores> {
  const onProgress = progressLine('validate');
  const described: DescribedPhoto[] = [];
  for await (const batch of viewBatches(photos, input)) {
    const rows = await trainer.embed(batch.images);
    const dim = rows.length / batch.photos.length;
    for (const [n, { path, label, role }] of batch.photos.entries()) {
      const descriptor = rows.slice(n * dim, (n + 1) * dim);
      described.push({ path, label, role, descriptor });
    }
    onProgress({ stage: 'encode', done: described.length, total: photos.length, unit: 'photos' });
  }
  return scoreEmbeddings(described, teacher);
}
