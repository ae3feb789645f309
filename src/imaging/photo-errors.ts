// The errors that a photo can meet, each with what to do about it.
import { CairnError } from '../errors.ts';
import { OTHER_FILES, type OtherFileKind } from './other-files.ts';

export function emptyPhoto(): CairnError {
  return new CairnError(
    'photo-empty',
    'The file is empty.',
    'If it lies in a cloud folder, let it download fully first, then choose it again.',
  );
}

export function unsupportedPhoto(kind: OtherFileKind): CairnError {
  const { what, remedy } = OTHER_FILES[kind];
  const message = `The file is ${what}${what.endsWith(',') ? '' : ','} which Cairn does not read.`;
  return new CairnError('photo-unsupported', message, remedy, { subject: kind });
}

/** `where` says what is missing, such as "the end of the JPEG data". */
export function truncatedPhoto(where: string): CairnError {
  return new CairnError(
    'photo-truncated',
    `The photo is cut off: ${where} is missing.`,
    'Copy or download it again, fully.',
  );
}

export function corruptPhoto(why: string, cause?: unknown): CairnError {
  return new CairnError(
    'photo-corrupt',
    `The photo is damaged: ${why}.`,
    'Open it in a picture editor and save it anew, or choose another photo.',
    cause === undefined ? undefined : { cause },
  );
}

export function tooLargePhoto(what: string): CairnError {
  return new CairnError(
    'photo-too-large',
    `The photo is too large: ${what}.`,
    'Make a smaller copy of it and choose that.',
  );
}

/** No fault of the photo: what reads it is fetched with the first one. */
export function heicReaderMissing(cause: unknown): CairnError {
  return new CairnError(
    'download-failed',
    'What reads HEIC photos could not be fetched.',
    'Connect to the network once and try again, or export the photo as a JPEG.',
    { cause, subject: 'heic-reader' },
  );
}
