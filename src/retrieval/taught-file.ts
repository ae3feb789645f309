// taught.json: what goes with a user's own collection in a container, notes and small copies of photos.
// docs/format.md is the specification.
import { CairnError } from '../errors.ts';
import { isSha256 } from '../weights/sha256.ts';
import { type Checker, checker } from './schema.ts';
import { checkSeal, parseJson, sealJson } from './sealed-json.ts';

export const TAUGHT_FILE = 'taught.json';
const TAUGHT_VERSION = 1;
/** Bounds that keep a hostile file from asking for absurd amounts of memory. */
export const TAUGHT_LIMITS = {
  jsonBytes: 64 << 20,
  notes: 1_000_000,
  noteLength: 1000,
  pictures: 1_000_000,
  /** A PNG of 512 × 512 pixels that nothing compresses takes one. */
  pictureBytes: 4 << 20,
} as const;

/** What a small copy may be, with the ending of its name. */
const PICTURE_TYPES = { 'image/webp': 'webp', 'image/jpeg': 'jpg', 'image/png': 'png' } as const;
export type PictureType = keyof typeof PICTURE_TYPES;

/** A small copy of a taught photo. */
export interface PictureEntry {
  /** Of the photo: first half of the SHA-256 of its file, hex. */
  readonly id: string;
  /** Name of the photo's file when it was taught. */
  readonly name: string;
  readonly type: PictureType;
  readonly bytes: number;
  /** Of the copy, lower-case hex. */
  readonly sha256: string;
}

export interface TaughtNote {
  /** Of the landmark, as collection.json has it. */
  readonly label: string;
  readonly text: string;
}

export interface TaughtFile {
  readonly notes: readonly TaughtNote[];
  readonly pictures: readonly PictureEntry[];
}

export function isPictureType(type: string): type is PictureType {
  return Object.hasOwn(PICTURE_TYPES, type);
}

/** Name of a copy in a container, and beside collection.json in a folder. */
export function pictureFile({ id, type }: Pick<PictureEntry, 'id' | 'type'>): string {
  return `picture-${id}.${PICTURE_TYPES[type]}`;
}

/** Validates first, so a writer cannot produce what a reader refuses. Throws `collection-invalid`. */
export function encodeTaught(taught: TaughtFile): Uint8Array<ArrayBuffer> {
  const { notes, pictures } = taught;
  return sealJson(validate({ formatVersion: TAUGHT_VERSION, notes, pictures }));
}

/** @throws CairnError `collection-invalid`, or `hash-mismatch` when bytes were changed */
export function parseTaught(bytes: Uint8Array): TaughtFile {
  const { notes, pictures } = validate(parseJson(bytes, TAUGHT_LIMITS.jsonBytes, invalid));
  checkSeal(TAUGHT_FILE, bytes, invalid, 'Copy the file again, or export it again.');
  return { notes, pictures };
}

function invalid(what: string, cause?: unknown): CairnError {
  return new CairnError(
    'collection-invalid',
    `${TAUGHT_FILE} cannot be used: ${what}.`,
    'Copy the file again, or export it again; if a later Cairn wrote it, update Cairn.',
    { cause },
  );
}

function validate(value: unknown): TaughtFile & { readonly formatVersion: number } {
  const root = checker(value, '', invalid).object();
  const taught = {
    formatVersion: root.at('formatVersion').integer(TAUGHT_VERSION, TAUGHT_VERSION),
    notes: root.at('notes').array(TAUGHT_LIMITS.notes).map(readNote),
    pictures: root.at('pictures').array(TAUGHT_LIMITS.pictures).map(readPicture),
  };
  if (new Set(taught.pictures.map(({ id }) => id)).size !== taught.pictures.length) {
    throw invalid('a picture is listed twice');
  }
  return taught;
}

function readNote(at: Checker): TaughtNote {
  const note = at.object();
  return {
    label: note.at('label').string(200),
    text: note.at('text').string(TAUGHT_LIMITS.noteLength),
  };
}

function readPicture(at: Checker): PictureEntry {
  const picture = at.object();
  return {
    id: picture.at('id').satisfies(isPhotoId, '32 hex digits'),
    name: picture.at('name').string(1000, 0),
    type: picture
      .at('type')
      .satisfies(
        (v): v is PictureType => typeof v === 'string' && isPictureType(v),
        Object.keys(PICTURE_TYPES).join(' or '),
      ),
    bytes: picture.at('bytes').integer(1, TAUGHT_LIMITS.pictureBytes),
    sha256: picture.at('sha256').satisfies(isSha256, 'a SHA-256 in lower-case hex'),
  };
}

const isPhotoId = (v: unknown): v is string => typeof v === 'string' && /^[0-9a-f]{32}$/.test(v);
