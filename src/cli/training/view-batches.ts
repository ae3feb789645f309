// Photos of a list as a network in training takes them: one view each, in batches of one size.
import { toPlainError } from '../../errors.ts';
import { decodePhoto } from '../../imaging/decode-node.ts';
import { toViews, type View } from '../../imaging/to-tensor.ts';
import type { Images } from '../../training/trainer/model.ts';
import type { EncoderEntry } from '../../weights/registry.ts';
import { readPhoto } from '../encode-photos.ts';
import { note } from '../output.ts';
import type { ListedPhoto } from '../photo-list.ts';

/** Images that are embedded at once. */
const BATCH = 16;

export interface ViewBatch<P> {
  readonly photos: readonly P[];
  readonly images: Images;
}

/**
 * Every readable photo once, in no particular order; the others are told and left out.
 * @param input the view of a photo, one of it
 */
export async function* viewBatches<P extends ListedPhoto>(
  photos: readonly P[],
  input: EncoderEntry['input'],
): AsyncGenerator<ViewBatch<P>> {
  // By the size of the view: a batch has one.
  const waiting = new Map<string, { photo: P; view: View }[]>();
  for (const photo of photos) {
    const view = await viewOf(photo, input);
    if (!view) continue;
    const key = `${view.width}x${view.height}`;
    const batch = waiting.get(key) ?? [];
    batch.push({ photo, view });
    waiting.set(key, batch);
    if (batch.length < BATCH) continue;
    waiting.delete(key);
    yield joined(batch);
  }
  for (const batch of waiting.values()) yield joined(batch);
}

async function viewOf(photo: ListedPhoto, input: EncoderEntry['input']): Promise<View | null> {
  try {
    return toViews(await decodePhoto(await readPhoto(photo.file)), input)[0]!;
  } catch (thrown) {
    const { code, message } = toPlainError(thrown);
    if (!code.startsWith('photo-')) throw thrown;
    note(`skipped ${photo.path}: ${message}`);
    return null;
  }
}

/** From planes to interleaved colours. */
function joined<P>(batch: readonly { readonly photo: P; readonly view: View }[]): ViewBatch<P> {
  const { width, height } = batch[0]!.view;
  const plane = width * height;
  const pixels = new Float32Array(batch.length * plane * 3);
  for (const [n, { view }] of batch.entries()) {
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < plane; i++) {
        pixels[(n * plane + i) * 3 + c] = view.data[c * plane + i]!;
      }
    }
  }
  const photos = batch.map(({ photo }) => photo);
  return { photos, images: { pixels, count: batch.length, height, width } };
}
