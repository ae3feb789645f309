// Which photos an evaluation takes as gallery and as queries.
import { roleOf } from '../evaluation/protocol.ts';
import type { QueryKind } from '../evaluation/report.ts';
import { readSplit } from './describe-photos.ts';
import { usage } from './output.ts';
import { type ListedPhoto, readManifests } from './photo-list.ts';

export interface EvaluationSource {
  readonly manifest: string[];
  readonly gallery?: string[];
  readonly gallerySplits: string;
  readonly querySplit: string;
  readonly split?: string;
}

export interface EvaluationPhotos {
  readonly gallery: readonly ListedPhoto[];
  readonly queries: readonly (ListedPhoto & { readonly queryKind: QueryKind })[];
}

/** The photos of the splits asked for, or those of the validation protocol. */
export async function choosePhotos(options: EvaluationSource): Promise<EvaluationPhotos> {
  const photos = await readManifests(options.manifest);
  if (options.split !== undefined) {
    if (options.split !== 'validation') throw usage(`There is no split "${options.split}".`);
    return validationPhotos(photos);
  }
  const splits = options.gallerySplits.split(',').map((s) => s.trim());
  if (splits.includes('distractor')) {
    throw usage('The split "distractor" is only ever a bank of negatives.', 'Leave it out.');
  }
  const pool = options.gallery ? await readManifests(options.gallery) : photos;
  return {
    gallery: pool.filter((p) => splits.includes(p.split) && p.label !== ''),
    queries: photos
      .filter((p) => p.split === options.querySplit)
      .map((p) => ({ ...p, queryKind: kindOf(p) })),
  };
}

function kindOf(photo: ListedPhoto): QueryKind {
  if (photo.kind === 'landmark_seen') return 'seen';
  if (photo.kind === 'landmark_unseen') return 'unseen';
  if (photo.kind === 'landmark_not_in_index') return 'unlisted';
  return photo.kind.startsWith('nonlandmark') ? 'non-landmark' : 'other';
}

async function validationPhotos(photos: readonly ListedPhoto[]): Promise<EvaluationPhotos> {
  const split = await readSplit();
  const kinds = {
    known: 'seen',
    new: 'unseen',
    unlisted: 'unlisted',
    'negative-validation': 'non-landmark',
  } as const;
  const withRole = photos.map((photo) => ({ photo, role: roleOf(photo, split) }));
  return {
    gallery: withRole
      .filter(({ role }) => role === 'train' || role === 'gallery-new')
      .map(({ photo }) => photo),
    queries: withRole.flatMap(({ photo, role }) => {
      if (!(role in kinds)) return [];
      const queryKind = kinds[role as keyof typeof kinds];
      // Of an unlisted landmark there is nothing to find, although its manifest names it.
      const label = queryKind === 'unlisted' ? '' : photo.label;
      return [{ ...photo, label, queryKind }];
    }),
  };
}
