// Files that people take for photos and that are refused, each with its own reason and what to do instead.
// The page has the same in its languages (src/app/i18n/*-photo-errors.ts), by the names of this table.

interface OtherFile {
  /** Completes "The file is …". */
  readonly what: string;
  readonly remedy: string;
}

const AS_JPEG = 'Export it as a JPEG and choose that.';

export const OTHER_FILES = {
  svg: {
    what: 'an SVG drawing, which shows no photographed place and may load other files,',
    remedy: 'Choose a photo; a photo of the drawing on paper or on a screen will do, too.',
  },
  tiff: { what: 'a TIFF or raw camera picture', remedy: AS_JPEG },
  raw: {
    what: 'a raw camera picture',
    remedy: 'Export it as a JPEG in the program of the camera, and choose that.',
  },
  photoshop: { what: 'a Photoshop document', remedy: AS_JPEG },
  jpegxl: { what: 'a JPEG XL picture', remedy: AS_JPEG },
  jpeg2000: { what: 'a JPEG 2000 picture', remedy: AS_JPEG },
  'apple-png': {
    what: "a picture in Apple's private PNG form",
    remedy: 'Save it as a plain PNG and choose that.',
  },
  'rare-bmp': {
    what: 'a BMP picture of a rare kind (compressed, or with odd colours)',
    remedy: 'Save it as a PNG or a JPEG and choose that.',
  },
  'rare-heif': {
    what: 'a HEIF picture that holds neither HEVC nor AV1, or a sequence without a still picture',
    remedy: AS_JPEG,
  },
  'animated-avif': { what: 'an animated AVIF picture', remedy: AS_JPEG },
  icon: { what: 'an icon', remedy: 'Choose a photo.' },
  pdf: {
    what: 'a PDF document',
    remedy: 'Export the page with the picture as a JPEG and choose that.',
  },
  archive: {
    what: 'a ZIP archive or an office document',
    remedy: 'Take the pictures out of it and choose those.',
  },
  video: { what: 'a video', remedy: 'Choose a still of it, saved as a JPEG.' },
  page: {
    what: 'a web page',
    remedy: 'Save the picture itself, not the page around it.',
  },
  text: { what: 'a text', remedy: 'Choose a photo.' },
  unknown: {
    what: 'of an unknown kind',
    remedy: 'Choose a photo in JPEG, PNG, WebP, AVIF, HEIC, GIF or BMP.',
  },
} satisfies Record<string, OtherFile>;

export type OtherFileKind = keyof typeof OTHER_FILES;
