// The errors that a photo can meet, each with what to do about it.
import { CairnError } from '../errors.ts';

const FORMATS = 'JPEG, PNG, WebP, GIF or AVIF';

export function emptyPhoto(): CairnError {
  return new CairnError(
    'photo-empty',
    'The file is empty.',
    'If it lies in a cloud folder, let it download fully first, then choose it again.',
  );
}

/** `what` completes "The file is …", such as "an SVG drawing". */
export function unsupportedPhoto(what: string, remedy?: string): CairnError {
  return new CairnError(
    'photo-unsupported',
    `The file is ${what}, which Cairn does not read.`,
    remedy ?? `Choose a photo in ${FORMATS}.`,
  );
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
