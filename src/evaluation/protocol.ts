// The validation protocol: which photos may be learned from, which choose, and which only report.
// Made once by `cairn split` and committed as models/validation-split.json; `query` is in no part of it.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { CairnError } from '../errors.ts';
import { groupBy } from './group.ts';
import type { ManifestRow } from './manifest.ts';

/** How large the protocol's parts are. */
export const PROTOCOL = {
  /** Classes held out of all training that get two photos in the gallery, and that get none. */
  newLandmarks: 12,
  unlistedLandmarks: 12,
  minPhotos: 3,
  galleryPhotosOfNew: 2,
  /** Shares of the negatives by part; whole sources go to one part. */
  negativeShares: { bank: 0.5, fit: 0.25, validation: 0.25 },
} as const;

export type NegativePart = keyof typeof PROTOCOL.negativeShares;

export interface ValidationSplit {
  readonly version: 1;
  readonly seed: string;
  /** New landmarks: label → paths of its two gallery photos. */
  readonly newLandmarks: Readonly<Record<string, readonly string[]>>;
  readonly unlistedLandmarks: readonly string[];
  /** `<group>:<source>` → part, where group is `distractor` or `hard`. */
  readonly negatives: Readonly<Record<string, NegativePart>>;
}

/** What a photo is for. */
export type Role =
  /** Training and, of the split `train`, the validation gallery. */
  | 'train'
  /** Training only: landmarks that are in no gallery. */
  | 'train-extra'
  | 'gallery-new'
  | 'known'
  | 'new'
  | 'unlisted'
  | `negative-${NegativePart}`
  /** In no part of the protocol: `query`, and every photo of the `landmark_unseen` classes. */
  | 'none';

type Group = 'distractor' | 'hard';

function negativeGroup(row: ManifestRow): Group | null {
  if (row.split === 'distractor') return 'distractor';
  return row.split === 'train_extra' && row.kind === 'nonlandmark_hard' ? 'hard' : null;
}

/** Draws the split. Depends on the manifest and the seed alone, not on the order of lines. */
export function drawValidationSplit(
  manifest: readonly ManifestRow[],
  seed = 'cairn-validation-v1',
): ValidationSplit {
  const order = (key: string) => bytesToHex(sha256(utf8ToBytes(`${seed}:${key}`)));
  const byOrder = (a: string, b: string) => (order(a) < order(b) ? -1 : 1);

  const extra = groupBy(
    manifest.filter((row) => row.kind === 'landmark_extra'),
    (row) => row.label,
  );
  const drawn = [...extra]
    .filter(([, rows]) => rows.length >= PROTOCOL.minPhotos)
    .map(([label]) => label)
    .sort(byOrder)
    .slice(0, PROTOCOL.newLandmarks + PROTOCOL.unlistedLandmarks);
  if (drawn.length < PROTOCOL.newLandmarks + PROTOCOL.unlistedLandmarks) {
    throw new CairnError(
      'usage',
      `The manifest has ${drawn.length} extra landmarks with ${PROTOCOL.minPhotos} photos; the protocol needs ${PROTOCOL.newLandmarks + PROTOCOL.unlistedLandmarks}.`,
      'Give the manifest of the training data, with its train_extra split.',
    );
  }
  const newLandmarks = Object.fromEntries(
    drawn.slice(0, PROTOCOL.newLandmarks).map((label) => [
      label,
      (extra.get(label) ?? [])
        .map((row) => row.path)
        .sort(byOrder)
        .slice(0, PROTOCOL.galleryPhotosOfNew),
    ]),
  );
  const negatives = Object.assign(
    {},
    ...(['distractor', 'hard'] as const).map((group) => divideSources(manifest, group, byOrder)),
  );
  return {
    version: 1,
    seed,
    newLandmarks,
    unlistedLandmarks: drawn.slice(PROTOCOL.newLandmarks),
    negatives,
  };
}

/** Largest sources first, each to the part that lacks most of its share. */
function divideSources(
  manifest: readonly ManifestRow[],
  group: Group,
  byOrder: (a: string, b: string) => number,
): Record<string, NegativePart> {
  const rows = manifest.filter((row) => negativeGroup(row) === group);
  const sizes = [...groupBy(rows, (row) => row.source)]
    .map(([source, members]) => ({ source, size: members.length }))
    .sort((a, b) => b.size - a.size || byOrder(a.source, b.source));
  const parts = Object.keys(PROTOCOL.negativeShares) as NegativePart[];
  const lacking = new Map(parts.map((p) => [p, PROTOCOL.negativeShares[p] * rows.length]));
  const divided: Record<string, NegativePart> = {};
  for (const { source, size } of sizes) {
    const part = parts.reduce((a, b) => ((lacking.get(b) ?? 0) > (lacking.get(a) ?? 0) ? b : a));
    lacking.set(part, (lacking.get(part) ?? 0) - size);
    divided[`${group}:${source}`] = part;
  }
  return divided;
}

/** What the protocol makes of a photo. */
export function roleOf(row: ManifestRow, split: ValidationSplit): Role {
  const group = negativeGroup(row);
  if (group) {
    const part = split.negatives[`${group}:${row.source}`];
    return part ? `negative-${part}` : 'none';
  }
  const gallery = split.newLandmarks[row.label];
  if (gallery) return gallery.includes(row.path) ? 'gallery-new' : 'new';
  if (split.unlistedLandmarks.includes(row.label)) return 'unlisted';
  if (row.split === 'train') return 'train';
  if (row.split === 'train_extra') return 'train-extra';
  if (row.split === 'index' && row.kind === 'landmark_seen') return 'known';
  return 'none';
}
