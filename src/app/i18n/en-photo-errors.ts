// What files are that are no photos which can be read here, and what to do with each, in English.
import type { OtherFileKind } from '../../imaging/other-files.ts';
import type { ErrorText } from './en-errors.ts';

/** Kinds of refused files, and what reads HEIC when it cannot be fetched. */
export type ErrorSubject = OtherFileKind | 'heic-reader';

const asJpeg = 'Open it in another app, export it as a JPEG and add that.';

export const subjects = {
  svg: {
    what: 'This is an SVG drawing, not a photo.',
    remedy:
      'Add a photo instead. Drawings are not opened, as they may load other files when they are shown.',
  },
  tiff: { what: 'This is a TIFF or raw camera picture.', remedy: asJpeg },
  raw: {
    what: 'This is a raw camera picture.',
    remedy: 'Export it as a JPEG in the camera’s program, and add that.',
  },
  photoshop: { what: 'This is a Photoshop document.', remedy: asJpeg },
  jpegxl: { what: 'This is a JPEG XL picture.', remedy: asJpeg },
  jpeg2000: { what: 'This is a JPEG 2000 picture.', remedy: asJpeg },
  'apple-png': { what: 'This PNG is in a private form of Apple’s.', remedy: asJpeg },
  'rare-bmp': { what: 'This BMP picture is of a rare kind.', remedy: asJpeg },
  'rare-heif': { what: 'This HEIF picture is of a rare kind.', remedy: asJpeg },
  'animated-avif': { what: 'This is an animated AVIF picture.', remedy: asJpeg },
  icon: { what: 'This is an icon, not a photo.', remedy: 'Add a photo instead.' },
  pdf: {
    what: 'This is a PDF document.',
    remedy: 'Export the page with the picture as a JPEG, or take a screenshot, and add that.',
  },
  archive: {
    what: 'This is an archive or an office document.',
    remedy: 'Take the pictures out of it and add those.',
  },
  video: {
    what: 'This is a video.',
    remedy: 'Pause it at a good moment, save a still as a JPEG, and add that.',
  },
  page: {
    what: 'This is a web page, not a picture.',
    remedy: 'Save the picture itself, not the page around it, and add that.',
  },
  text: { what: 'This is a text, not a photo.', remedy: 'Add a photo instead.' },
  unknown: {
    what: 'This is not a kind of photo that can be read here.',
    remedy: 'Use a JPEG, PNG, WebP, AVIF, HEIC, GIF or BMP file.',
  },
  'heic-reader': {
    what: 'This is a HEIC photo, and what reads those could not be fetched.',
    remedy:
      'Connect to the network and try again: it is fetched once (0.5 MB) and then kept. Or export the photo as a JPEG.',
  },
} satisfies Record<ErrorSubject, ErrorText>;
