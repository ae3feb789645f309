// Photos: headers before decoding, EXIF's orientation, and what decoding in Node makes of damaged pixels.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodePhoto } from '../../../src/imaging/decode-node.ts';
import { tiffOrientation } from '../../../src/imaging/exif.ts';
import { inspectPhoto } from '../../../src/imaging/inspect.ts';
import { decodedSize, PHOTO_LIMITS } from '../../../src/imaging/limits.ts';
import type { Bytes } from '../../../src/weights/sha256.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { fixPicture, mutatePicture } from '../mutate/segments.ts';
import { type FuzzTarget, must, type OpenTarget } from '../target.ts';

const PHOTOS = join(import.meta.dirname, '../../../tests/fixtures/photos');
const PHOTO_CODES = [
  'photo-empty',
  'photo-unsupported',
  'photo-corrupt',
  'photo-truncated',
  'photo-too-large',
] as const;

/** Every fixture that is a file of a photo or taken for one. */
function photoFixtures(): Bytes[] {
  return readdirSync(PHOTOS, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map(({ name }) => new Uint8Array(readFileSync(join(PHOTOS, name))))
    .filter(({ length }) => length > 0 && length < 1 << 17);
}

function photoTarget(read: OpenTarget['read'], bombs: OpenTarget['bombs'] = []): OpenTarget {
  const corpus = photoFixtures();
  return {
    corpus,
    mutate: (input, dice) => mutatePicture(input, dice, corpus),
    fix: fixPicture,
    read,
    bombs,
  };
}

const isSide = (side: number) => Number.isSafeInteger(side) && side >= 1;

export const photoHeader: FuzzTarget = {
  name: 'photo-header',
  reads: ['src/imaging/inspect.ts', 'src/imaging/sniff.ts', 'src/imaging/container-headers.ts'],
  codes: PHOTO_CODES,
  open: async () =>
    photoTarget(
      (input) => {
        const { width, height, orientation } = inspectPhoto(input);
        must(isSide(width) && isSide(height), `a size of ${width} × ${height}`);
        must(width * height <= PHOTO_LIMITS.maxPixels, 'more pixels than are allowed');
        must(orientation >= 1 && orientation <= 8, `the orientation ${orientation}`);
        const decoded = decodedSize(width, height);
        must(isSide(decoded.width) && isSide(decoded.height), 'nothing to decode to');
        must(decoded.width * decoded.height <= PHOTO_LIMITS.maxDecodedPixels, 'too much to decode');
      },
      [
        { name: 'a JPEG of nothing but fill bytes', make: () => jpegOf(0xff) },
        { name: 'a JPEG of a million segments', make: () => jpegOf(0xfe, 0, 2) },
        { name: 'a JPEG of restart markers', make: () => jpegOf(0xff, 0xd0) },
        { name: 'a GIF of empty blocks', make: () => gifOf(0x21, 0xfe, 0) },
        { name: 'a PNG of empty chunks', make: pngOfEmptyChunks },
        { name: 'an AVIF of empty boxes', make: avifOfEmptyBoxes },
        { name: 'an AVIF of i, i, i', make: () => avifOf((bytes) => bytes.fill(0x69, 64)) },
      ],
    ),
};

export const photoPixels: FuzzTarget = {
  name: 'photo-pixels',
  reads: ['src/imaging/decode-node.ts'],
  codes: PHOTO_CODES,
  open: async () =>
    photoTarget(async (input) => {
      const { width, height, channels, data, header } = await decodePhoto(input);
      must(data.length === width * height * channels, 'pixels that do not fill the picture');
      const expected = decodedSize(header.width, header.height);
      must(width === expected.width && height === expected.height, 'another size than its header');
    }),
};

export const exif: FuzzTarget = {
  name: 'exif-orientation',
  reads: ['src/imaging/exif.ts'],
  codes: [],
  async open() {
    const corpus = [tiffOf(true, 6), tiffOf(false, 8), tiffOf(true, 1)];
    const fields = [true, false].flatMap((little) =>
      Array.from({ length: 25 }, (_, i) => ({ at: 2 * i, size: 2 as const, little })),
    );
    return {
      corpus,
      mutate: (input, dice) => mutateBytes(input, dice, corpus, fields),
      read(input) {
        const orientation = tiffOrientation(input);
        must(
          Number.isInteger(orientation) && orientation >= 1 && orientation <= 8,
          'no orientation',
        );
      },
    };
  },
};

/** Three entries, the second the orientation. */
function tiffOf(little: boolean, orientation: number): Bytes {
  const bytes = new Uint8Array(50);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, little ? 0x4949 : 0x4d4d, false);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, 3, little);
  for (const [i, tag] of [0x010f, 0x0112, 0x8825].entries()) {
    const at = 10 + 12 * i;
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, 3, little);
    view.setUint32(at + 4, 1, little);
    view.setUint16(at + 8, orientation, little);
  }
  return bytes;
}

const BOMB_BYTES = 8 << 20;

function repeated(head: readonly number[], pattern: readonly number[]): Bytes {
  const bytes = new Uint8Array(BOMB_BYTES);
  for (let at = 0; at < bytes.length; at++) bytes[at] = pattern[at % pattern.length] ?? 0;
  bytes.set(head);
  return bytes;
}

const jpegOf = (...pattern: number[]) => repeated([0xff, 0xd8], [0xff, ...pattern]);
const gifOf = (...pattern: number[]) =>
  repeated([...Buffer.from('GIF89a'), 1, 0, 1, 0, 0, 0, 0, ...pattern], pattern);

function pngOfEmptyChunks(): Bytes {
  const head = Buffer.from(
    '\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0....',
    'latin1',
  );
  const bytes = new Uint8Array(head.length + 12 * 500_000);
  for (let at = head.length; at < bytes.length; at += 12) bytes.set(Buffer.from('teXt'), at + 4);
  bytes.set(head);
  return bytes;
}

function avifOfEmptyBoxes(): Bytes {
  return avifOf((bytes) => {
    for (let at = 64; at < bytes.length; at += 8)
      bytes.set([0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65], at);
  });
}

function avifOf(fill: (bytes: Bytes) => void): Bytes {
  const bytes = new Uint8Array(BOMB_BYTES);
  fill(bytes);
  bytes.set(Buffer.from('\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B', 'latin1'));
  bytes.set(Buffer.from('\0\0\0\x20mdat', 'latin1'), 32);
  return bytes;
}
