// Photos with their roles and descriptors, and the galleries and queries that the protocol makes of them.

import { ExactGallery, type GalleryRow } from '../evaluation/exact-gallery.ts';
import type { Role } from '../evaluation/protocol.ts';
import type { Query } from '../evaluation/stages.ts';
import { NonLandmarkBank } from '../rerank/non-landmark-bank.ts';
import { applyMetric, type Metric } from './metric.ts';

export interface DescribedPhoto {
  readonly path: string;
  readonly label: string;
  readonly role: Role;
  /** [input], before whitening: an encoder's, L2-normalised, or those of an ensemble's members in a row. */
  readonly descriptor: Float32Array;
}

/** A gallery, a bank and queries under one metric: everything that ranking needs. */
export interface RankingTask {
  readonly labels: readonly string[];
  /** By the gallery's rows. */
  readonly gallery: readonly TaskReference[];
  readonly search: ExactGallery;
  readonly bank: NonLandmarkBank;
  readonly queries: readonly TaskQuery[];
}

export interface TaskQuery extends Query {
  readonly path: string;
  /** Whether the photo shows a landmark at all, listed or not. */
  readonly landmark: boolean;
}

export interface TaskReference extends GalleryRow {
  readonly path: string;
}

export interface TaskPhotos {
  readonly gallery: readonly DescribedPhoto[];
  readonly bank: readonly DescribedPhoto[];
  /** With their labels: to be found. */
  readonly listed: readonly DescribedPhoto[];
  /** Landmarks that the gallery lacks. */
  readonly unlisted: readonly DescribedPhoto[];
  readonly negatives: readonly DescribedPhoto[];
}

export function makeTask(
  photos: TaskPhotos,
  metric: Metric,
  referenceNeighbours: number,
): RankingTask {
  const embed = (list: readonly DescribedPhoto[]) => embedAll(list, metric);
  const labels = [...new Set(photos.gallery.map((p) => p.label))].sort();
  const index = new Map(labels.map((label, i) => [label, i]));
  const bankVectors = embed(photos.bank);
  const dim = bankVectors[0]?.length ?? 0;
  const bank = new NonLandmarkBank(flatten(bankVectors, dim), dim);
  const vectors = embed(photos.gallery);
  const rows: TaskReference[] = photos.gallery.map(({ path, label }, i) => ({
    path,
    label: index.get(label)!,
    vector: vectors[i]!,
  }));
  const asQueries = (
    list: readonly DescribedPhoto[],
    label: (p: DescribedPhoto) => string,
    landmark: boolean,
  ) =>
    embed(list).map((vector, i) => {
      const photo = list[i]!;
      return { vector, label: label(photo), path: photo.path, landmark };
    });
  return {
    labels,
    gallery: rows,
    search: new ExactGallery(rows, bank, referenceNeighbours),
    bank,
    queries: [
      ...asQueries(photos.listed, (p) => p.label, true),
      ...asQueries(photos.unlisted, () => '', true),
      ...asQueries(photos.negatives, () => '', false),
    ],
  };
}

/** The photos of the validation protocol by their part in it (design: choosing without peeking). */
export function validationPhotos(photos: readonly DescribedPhoto[]): TaskPhotos {
  const of = (...roles: Role[]) => photos.filter((p) => roles.includes(p.role));
  return {
    gallery: of('train', 'gallery-new'),
    bank: of('negative-bank'),
    listed: of('known', 'new'),
    unlisted: of('unlisted'),
    negatives: of('negative-validation'),
  };
}

export function embedAll(photos: readonly DescribedPhoto[], metric: Metric): Float32Array[] {
  const [first] = photos;
  if (!first) return [];
  const rows = flatten(
    photos.map((p) => p.descriptor),
    first.descriptor.length,
  );
  const flat = applyMetric(rows, metric);
  const dim = flat.length / photos.length;
  return photos.map((_, i) => flat.slice(i * dim, (i + 1) * dim));
}

export function flatten(vectors: readonly Float32Array[], dim: number): Float32Array {
  const flat = new Float32Array(vectors.length * dim);
  vectors.forEach((vector, i) => {
    flat.set(vector, i * dim);
  });
  return flat;
}

/** The members' descriptors of each photo in a row; photos that one of them could not read are left out. */
export function sideBySide(members: readonly (readonly DescribedPhoto[])[]): DescribedPhoto[] {
  const [first = [], ...others] = members.map(
    (photos) => new Map(photos.map((photo) => [photo.path, photo])),
  );
  return [...first.values()].flatMap((photo) => {
    const rest = others.map((member) => member.get(photo.path));
    if (rest.includes(undefined)) return [];
    const all = [photo, ...(rest as DescribedPhoto[])].map(({ descriptor }) => descriptor);
    return [{ ...photo, descriptor: joined(all) }];
  });
}

function joined(vectors: readonly Float32Array[]): Float32Array {
  const row = new Float32Array(vectors.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const vector of vectors) {
    row.set(vector, at);
    at += vector.length;
  }
  return row;
}
