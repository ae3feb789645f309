// What a student imitates: the embeddings of an encoder that the registry has.
import type { EncodedPhoto } from './encode-photos.ts';
import { embeddingsOf, encodePhotos } from './encode-photos.ts';
import { openModel } from './models.ts';
import { note, progressLine, usage } from './output.ts';

/** The teacher's embeddings of photos, in their order. */
export interface TeacherTable {
  readonly dim: number;
  /** [photos, dim], L2-normalised. */
  readonly rows: Float32Array;
}

/**
 * Embeds every photo once, as recognition would; known ones come from the cache. Throws `usage` for a
 * photo that the teacher cannot read: the student could not either.
 */
export async function teach(
  teacher: string,
  photos: readonly { readonly file: string; readonly path: string }[],
): Promise<TeacherTable> {
  const model = await openModel(teacher);
  const source = embeddingsOf(model);
  note(`teacher ${model.info.id}: ${photos.length} photos, ${source.dim} numbers each`);
  const rows = new Float32Array(photos.length * source.dim);
  let at = 0;
  const work = { onProgress: progressLine('teacher') };
  for await (const result of encodePhotos(photos, source, work)) {
    rows.set(vectorOf(result), at);
    at += source.dim;
  }
  return { dim: source.dim, rows };
}

function vectorOf(result: EncodedPhoto<{ readonly path: string }>): Float32Array {
  if ('vector' in result) return result.vector;
  throw usage(`${result.photo.path}: ${result.problem}`, 'Take the photo out of the manifest.');
}
