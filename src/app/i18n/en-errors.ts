// What every error means and what to do about it, in English.
import type { ErrorCode } from '../../errors.ts';

/** What happened and what to do, for people. */
export interface ErrorText {
  readonly what: string;
  readonly remedy: string;
}

export const errors = {
  'photo-empty': {
    what: 'This file is empty.',
    remedy: 'If it lives in a cloud folder, download it to this device first, then add it again.',
  },
  'photo-unsupported': {
    what: 'This is not a kind of photo that can be read here.',
    remedy: 'Use a JPEG, PNG, WebP, AVIF, HEIC, GIF or BMP file.',
  },
  'photo-corrupt': {
    what: 'This photo is damaged and cannot be read.',
    remedy: 'Open it in another app and save a fresh copy, then add that.',
  },
  'photo-truncated': {
    what: 'Part of this photo is missing.',
    remedy: 'It was probably cut off while being copied: copy it again and add the new file.',
  },
  'photo-too-large': {
    what: 'This photo has more pixels than can be opened safely.',
    remedy: 'Save a smaller version, under 100 megapixels, and add that.',
  },
  'model-invalid': {
    what: 'The recognition model is not in order.',
    remedy: 'Try again to fetch it anew; if that does not help, reload the page.',
  },
  'model-missing': {
    what: 'The recognition model was not found.',
    remedy: 'Check the connection and try again.',
  },
  'backend-unavailable': {
    what: 'This browser offers nothing that the model can run on.',
    remedy: 'Update the browser, or use a recent Chrome, Edge, Firefox or Safari.',
  },
  'inference-failed': {
    what: 'The model gave no usable answer for this photo.',
    remedy: 'Try again; closing other tabs frees memory that may be short.',
  },
  'training-failed': {
    what: 'Training stopped: its numbers ran out of range.',
    remedy: 'Start again with a smaller learning rate, or go on from the last checkpoint.',
  },
  'collection-invalid': {
    what: 'The collection of landmarks is not in order.',
    remedy: 'Try again to fetch it anew.',
  },
  'collection-mismatch': {
    what: 'The collection was made with another model than the one in use.',
    remedy: 'Reload the page to get the two that belong together.',
  },
  'collection-missing': {
    what: 'The collection of landmarks was not found.',
    remedy: 'Check the connection and try again.',
  },
  'storage-failed': {
    what: 'The browser’s storage cannot be used.',
    remedy: 'Leave private browsing, or allow this site to store data, and reload.',
  },
  'storage-full': {
    what: 'There is no room left in the browser’s storage.',
    remedy:
      'Delete what you do not need in the place Collections, or free space on this device, and try again.',
  },
  'download-failed': {
    what: 'A download did not finish.',
    remedy: 'Check the connection and try again; it goes on from where it stopped.',
  },
  'hash-mismatch': {
    what: 'A downloaded file is not the one that was expected.',
    remedy: 'Try again; a network that alters pages (hotel, office) may be in the way.',
  },
  'worker-crashed': {
    what: 'The part that does the work stopped unexpectedly and was restarted.',
    remedy: 'Try again; closing other tabs frees memory that may be short.',
  },
  timeout: {
    what: 'It took too long and was stopped.',
    remedy: 'Try again, perhaps with fewer other tabs at work.',
  },
  aborted: {
    what: 'You stopped this one.',
    remedy: 'Start it again whenever you like.',
  },
  usage: {
    what: 'Something was asked for in a way that cannot work.',
    remedy: 'Reload the page and try again.',
  },
  internal: {
    what: 'Something went wrong inside Cairn.',
    remedy: 'Try again; if it keeps happening, please report it with the details below.',
  },
} satisfies Record<ErrorCode, ErrorText>;
