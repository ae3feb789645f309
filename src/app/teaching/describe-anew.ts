// Taught photos that another encoder described, described by the one in use from their small copies.
import { throwIfAborted, toPlainError } from '../../errors.ts';
import type { Encoder } from '../../inference/encoder.ts';
import type { LongWork } from '../../progress.ts';
import type { TaughtLabel, TaughtRow } from '../../retrieval/taught-collection.ts';

/**
 * Photos of which no copy is left, or none that can be read, are let go.
 * @param pictureOf the copy of a photo
 * @throws CairnError `inference-failed`, `worker-crashed`, `storage-failed`, `aborted`
 */
export async function describeAnew(
  labels: readonly TaughtLabel[],
  encoder: { readonly encode: (photo: Blob) => ReturnType<Encoder['encode']> },
  pictureOf: (id: string) => Promise<{ readonly blob: Blob } | null>,
  { signal, onProgress }: LongWork = {},
): Promise<TaughtLabel[]> {
  const total = labels.reduce((sum, { photos }) => sum + photos.length, 0);
  let done = 0;
  const described: TaughtLabel[] = [];
  for (const { facts, photos } of labels) {
    const rows: TaughtRow[] = [];
    for (const { id } of photos) {
      throwIfAborted(signal);
      onProgress?.({ stage: 'encode', done: done++, total, unit: 'photos' });
      const picture = await pictureOf(id);
      const embedding = picture && (await embeddingOf(encoder, picture.blob));
      if (embedding) rows.push({ id, embedding });
    }
    if (rows.length > 0) described.push({ facts, photos: rows });
  }
  return described;
}

/** Null for a picture that cannot be read; other faults are thrown. */
async function embeddingOf(
  encoder: { readonly encode: (photo: Blob) => ReturnType<Encoder['encode']> },
  picture: Blob,
): Promise<Float32Array | null> {
  try {
    return (await encoder.encode(picture)).embedding;
  } catch (thrown) {
    if (toPlainError(thrown).code.startsWith('photo-')) return null;
    throw thrown;
  }
}
