// What a folder would teach: a landmark for each folder in it, and what of its files is no photo.

export interface FolderFile {
  /** From the dropped folder's own name on, with slashes. */
  readonly path: string;
  readonly size: number;
  /** ms since 1970. */
  readonly lastModified: number;
}

export interface FolderListing {
  readonly files: readonly FolderFile[];
  /** Paths of folders; those that hold nothing can be told by nothing else. */
  readonly folders: readonly string[];
}

export interface PlannedFile extends FolderFile {
  /** Place of its landmark in the plan. */
  readonly landmark: number;
}

export interface PlannedLandmark {
  /** Path of its folder. */
  readonly folder: string;
  readonly title: string;
  readonly photos: number;
}

/** What is not learned from; told once, not file by file. */
export interface LeftAside {
  /** Files of other kinds than photos. */
  readonly others: number;
  readonly hidden: number;
  /** Pictures in formats that cannot be read here, such as HEIC. */
  readonly unreadable: number;
  /** Photos beside the landmarks' folders instead of in one. */
  readonly loose: number;
  /** Names of folders without a photo. */
  readonly empty: readonly string[];
}

export interface FolderPlan {
  readonly landmarks: readonly PlannedLandmark[];
  /** Photos, landmark by landmark. */
  readonly files: readonly PlannedFile[];
  readonly aside: LeftAside;
}

/** Longest name of a landmark: longer ones break verdicts and lists. */
export const LONGEST_TITLE = 120;

const PHOTO = /\.(jpe?g|jpe|jfif|png|webp|gif|avif|hei[cf]|hif|bmp)$/i;
const OTHER_PICTURE = /\.(tiff?|jxl|jp2|psd|svg|dng|cr[23]|nef|arw|raf|orf|rw2)$/i;
/** Hidden by a dot, or put there by an operating system. */
const HIDDEN = /(^|\/)(\.|__MACOSX(\/|$)|Thumbs\.db$|desktop\.ini$)/i;

export type FileKind = 'photo' | 'unreadable' | 'hidden' | 'other';

/** By its name alone: thousands of files are not opened to see what they are. */
export function kindOf(path: string): FileKind {
  if (HIDDEN.test(path)) return 'hidden';
  if (PHOTO.test(path)) return 'photo';
  return OTHER_PICTURE.test(path) ? 'unreadable' : 'other';
}

/** A folder's name as a landmark's. */
export function titleOf(folder: string): string {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  // macOS writes accents apart from their letters.
  const words = name.normalize('NFC').replace(/[_\s]+/g, ' ');
  return words.trim().slice(0, LONGEST_TITLE).trim();
}

/**
 * One dropped folder: the folders in it are landmarks, and what lies deeper belongs to them; without any it is a
 * landmark itself. Several dropped folders are landmarks each.
 */
export function planFolder({ files, folders }: FolderListing): FolderPlan {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const kinds = sorted.map(({ path }) => kindOf(path));
  const photos = sorted.filter((_, i) => kinds[i] === 'photo');
  const seen = folders.filter((path) => kindOf(path) !== 'hidden');
  const roots = new Set(
    [...sorted, ...seen.map((path) => ({ path }))].map(({ path }) => first(path, 1)),
  );
  const inside = photos.some(({ path }) => depth(path) > 2);
  const level = roots.size === 1 && inside ? 2 : 1;

  const grouped = new Map<string, FolderFile[]>();
  let loose = 0;
  for (const photo of photos) {
    if (depth(photo.path) <= level) {
      loose++;
      continue;
    }
    const folder = first(photo.path, level);
    const group = grouped.get(folder);
    if (group) group.push(photo);
    else grouped.set(folder, [photo]);
  }
  const groups = [...grouped];
  return {
    landmarks: groups.map(([folder, all]) => ({
      folder,
      title: titleOf(folder),
      photos: all.length,
    })),
    files: groups.flatMap(([, all], landmark) => all.map((file) => plannedOf(file, landmark))),
    aside: {
      others: kinds.filter((kind) => kind === 'other').length,
      hidden: kinds.filter((kind) => kind === 'hidden').length,
      unreadable: kinds.filter((kind) => kind === 'unreadable').length,
      loose,
      empty: emptyFolders(sorted, seen, grouped, level),
    },
  };
}

/** Nothing but what is kept: a file given by a browser carries more, which cannot be stored. */
function plannedOf({ path, size, lastModified }: FolderFile, landmark: number): PlannedFile {
  return { path, size, lastModified, landmark };
}

/** Of those that could have been landmarks. */
function emptyFolders(
  files: readonly FolderFile[],
  folders: readonly string[],
  grouped: ReadonlyMap<string, unknown>,
  level: number,
): string[] {
  const parents = files
    .filter(({ path }) => kindOf(path) !== 'hidden' && depth(path) > level)
    .map(({ path }) => first(path, level));
  const all = new Set([...folders.filter((path) => depth(path) === level), ...parents]);
  return [...all].filter((folder) => !grouped.has(folder)).map(titleOf);
}

function depth(path: string): number {
  return path.split('/').length;
}

function first(path: string, segments: number): string {
  return path.split('/').slice(0, segments).join('/');
}
