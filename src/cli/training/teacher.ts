// What a student imitates: the embeddings of an encoder that the registry has.
import {
  type Dense,
  leadingSubspace,
  multiply,
  transpose,
  weightedGram,
} from '../../training/dense.ts';
import type { EncodedPhoto } from '../encode-photos.ts';
import { embeddingsOf, encodePhotos } from '../encode-photos.ts';
import { openModel } from '../models.ts';
import { note, progressLine, usage } from '../output.ts';

/** The teacher's embeddings of photos, in their order. */
export interface TeacherTable {
  readonly dim: number;
  /** [photos, dim], L2-normalised. */
  readonly rows: Float32Array;
  /** The teacher's own embeddings, not shortened ones. */
  readonly exact: boolean;
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
  return { dim: source.dim, rows, exact: true };
}

/**
 * The table as a student of shorter embeddings can imitate it: the directions that hold most of it
 * (principal components about the origin, so that cosines stay nearly what they were), L2-normalised.
 * Needs tfjs. Throws `usage` when the student's embeddings are longer than the teacher's.
 */
export function shortened(table: TeacherTable, dim: number): TeacherTable {
  if (table.dim === dim) return table;
  if (table.dim < dim) {
    throw usage(
      `The teacher's embeddings have ${table.dim} numbers, the student's ${dim}.`,
      `Give --dim ${table.dim}, or less.`,
    );
  }
  const rows: Dense = {
    rows: table.rows.length / table.dim,
    cols: table.dim,
    data: Float64Array.from(table.rows),
  };
  const image = multiply(rows, transpose(leadingSubspace(weightedGram(rows), dim)));
  const short = Float32Array.from(image.data);
  for (let from = 0; from < short.length; from += dim) {
    const row = short.subarray(from, from + dim);
    const norm = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)) || 1;
    for (let d = 0; d < dim; d++) row[d]! /= norm;
  }
  return { dim, rows: short, exact: false };
}

function vectorOf(result: EncodedPhoto<{ readonly path: string }>): Float32Array {
  if ('vector' in result) return result.vector;
  throw usage(`${result.photo.path}: ${result.problem}`, 'Take the photo out of the manifest.');
}
