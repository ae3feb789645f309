// Validation of a network in training: embeds the photos of the validation protocol as recognition would.
import { type Role, roleOf } from '../evaluation/protocol.ts';
import { decodePhoto } from '../imaging/decode-node.ts';
import { toViews, type View } from '../imaging/to-tensor.ts';
import type { DescribedPhoto } from '../training/descriptors.ts';
import type { Trainer } from '../training/trainer/trainer.ts';
import { scoreEmbeddings, type ValidationScores } from '../training/trainer/validation.ts';
import type { EncoderEntry } from '../weights/registry.ts';
import { readSplit } from './describe-photos.ts';
import { readPhoto } from './encode-photos.ts';
import { progressLine } from './output.ts';
import type { ListedPhoto } from './photo-list.ts';

type RolePhoto = ListedPhoto & { readonly role: Role };

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

/** Images that are embedded at once. */
const BATCH = 16;

/** The photos that validation looks at. */
export async function validationSet(photos: readonly ListedPhoto[]): Promise<RolePhoto[]> {
  const split = await readSplit();
  return photos
    .map((photo) => ({ ...photo, role: roleOf(photo, split) }))
    .filter(({ role }) => NEEDED.includes(role));
}

/** @param input the view of a photo, one of it, that the network sees. */
export async function validateStudent(
  trainer: Trainer,
  photos: readonly RolePhoto[],
  input: EncoderEntry['input'],
): Promise<ValidationScores> {
  const onProgress = progressLine('validate');
  const described: DescribedPhoto[] = [];
  // By the size of the view: a batch has one.
  const waiting = new Map<string, { photo: RolePhoto; view: View }[]>();
  const embed = async (batch: { photo: RolePhoto; view: View }[]) => {
    for (const each of await embedBatch(trainer, batch)) described.push(each);
    onProgress({ stage: 'encode', done: described.length, total: photos.length, unit: 'photos' });
  };
  for (const photo of photos) {
    const [view] = toViews(await decodePhoto(await readPhoto(photo.file)), input);
    const key = `${view!.width}x${view!.height}`;
    const batch = waiting.get(key) ?? [];
    batch.push({ photo, view: view! });
    waiting.set(key, batch);
    if (batch.length < BATCH) continue;
    waiting.delete(key);
    await embed(batch);
  }
  for (const batch of waiting.values()) await embed(batch);
  return scoreEmbeddings(described);
}

async function embedBatch(
  trainer: Trainer,
  batch: readonly { readonly photo: RolePhoto; readonly view: View }[],
): Promise<DescribedPhoto[]> {
  const { width, height } = batch[0]!.view;
  const plane = width * height;
  const pixels = new Float32Array(batch.length * plane * 3);
  for (const [n, { view }] of batch.entries()) {
    // From planes to interleaved colours.
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < plane; i++) {
        pixels[(n * plane + i) * 3 + c] = view.data[c * plane + i]!;
      }
    }
  }
  const rows = await trainer.embed(pixels, [batch.length, height, width, 3]);
  const dim = rows.length / batch.length;
  return batch.map(({ photo: { path, label, role } }, n) => ({
    path,
    label,
    role,
    descriptor: rows.slice(n * dim, (n + 1) * dim),
  }));
}
