// The gate before decoding: formats by their bytes, wholeness, limits, and damage of every kind.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CairnError } from '../../src/errors.ts';
import { tiffOrientation } from '../../src/imaging/exif.ts';
import { inspectPhoto } from '../../src/imaging/inspect.ts';
import { decodedSize, PHOTO_LIMITS } from '../../src/imaging/limits.ts';
import { OTHER_FILES } from '../../src/imaging/other-files.ts';
import { sniffPhoto } from '../../src/imaging/sniff.ts';

const FOLDER = new URL('../fixtures/photos/', import.meta.url);
const read = (file: string): Buffer => readFileSync(new URL(file, FOLDER));
const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

function refusal(bytes: Uint8Array): CairnError {
  try {
    inspectPhoto(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(CairnError);
    return error as CairnError;
  }
  throw new Error('the photo was accepted');
}

describe('formats', () => {
  it.each([
    ['a HEIF picture', '\0\0\0\x18ftypmif1\0\0\0\0mif1miaf'],
    ['a HEIF picture', '\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc'],
    ['a raw camera picture', '\0\0\0\x18ftypcrx \0\0\0\x01crx isom'],
    ['a raw camera picture', 'II*\0\x10\0\0\0CR\x02\0'],
    ['a raw camera picture', 'FUJIFILMCCD-RAW 0201'],
    ['a video', 'RIFF\0\0\0\0AVI LIST'],
    ['a Photoshop document', '8BPS\0\x01'],
    ['a text', 'BMWs are cars'],
    ['a video', '\0\0\0\x18ftypisom\0\0\0\0isommp42'],
    ['a TIFF or raw camera picture', 'II*\0\x08\0\0\0'],
    ['a PDF document', '%PDF-1.7\n'],
    ['a JPEG XL picture', '\xff\x0a\0\0'],
    ['an SVG drawing', '\xef\xbb\xbf <?xml version="1.0"?><svg>'],
    ['a web page', '<!DOCTYPE html><p>'],
    ['a text', 'Gr\xc3\xbc\xc3\x9fe aus Z\xc3\xbcrich'],
    ['of an unknown kind', '\x01\x02\x03\x04'],
    ['of an unknown kind', '\xff\xd8'],
  ])('names %s', (what, bytes) => {
    const error = refusal(latin1(bytes));
    expect(error.code).toBe('photo-unsupported');
    expect(error.message).toContain(what);
    expect(OTHER_FILES).toHaveProperty(error.subject ?? '');
  });

  it('tells HEIC by any of its brands', () => {
    for (const brands of ['heic\0\0\0\0mif1heic', 'mif1\0\0\0\0mif1heix', 'msf1\0\0\0\0hevcheic']) {
      expect(sniffPhoto(latin1(`\0\0\0\x18ftyp${brands}`))).toBe('image/heic');
    }
  });

  it('takes bytes in the middle of a larger buffer', () => {
    for (const file of ['orientation-6.jpg', 'orientation-6.png', 'picture.webp', 'picture.avif']) {
      const bytes = read(file);
      const larger = new Uint8Array(bytes.length + 30).fill(0xff);
      larger.set(bytes, 13);
      expect(inspectPhoto(larger.subarray(13, 13 + bytes.length))).toEqual(inspectPhoto(bytes));
    }
  });
});

describe('wholeness', () => {
  const whole = readdirSync(FOLDER).filter((file) =>
    /^(orientation-[167]|progressive|picture|animated|palette|thumbnail|bits-24|tiles)\.(jpg|png|webp|avif|gif|heic|bmp)$/.test(
      file,
    ),
  );

  it.each(whole)('never takes a cut %s for a photo', (file) => {
    const bytes = read(file);
    expect(inspectPhoto(bytes).width).toBeGreaterThan(0);
    for (let length = 0; length < bytes.length; length += 1 + Math.floor(bytes.length / 400)) {
      const { code } = refusal(bytes.subarray(0, length));
      if (length === 0) expect(code).toBe('photo-empty');
      // With less than a signature it is no picture yet.
      else
        expect(code).toMatch(length < 16 ? /^photo-(truncated|unsupported)$/ : /^photo-truncated$/);
    }
  });

  it('takes a download that ends in zeros for cut off', () => {
    const bytes = read('orientation-1.jpg');
    bytes.fill(0, Math.floor(bytes.length / 2));
    expect(refusal(bytes).code).toBe('photo-truncated');
  });

  it('does not mind stray bytes between JPEG segments', () => {
    const bytes = read('orientation-1.jpg');
    const firstEnd = 4 + bytes.readUInt16BE(4);
    // The last 0xff is a fill byte before the next marker's own.
    const stray = Buffer.from([0x00, 0x12, 0xff]);
    const padded = Buffer.concat([bytes.subarray(0, firstEnd), stray, bytes.subarray(firstEnd)]);
    expect(inspectPhoto(padded)).toEqual(inspectPhoto(bytes));
  });

  it('answers any damage with a photo error, and soon', () => {
    const files = [
      'thumbnail.jpg',
      'palette.png',
      'animated.gif',
      'animated.webp',
      'picture.avif',
      'tiles.heic',
      'palette-16.bmp',
    ];
    const originals = files.map(read);
    const damage = fc.record({
      file: fc.nat(files.length - 1),
      flips: fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 12 }),
      length: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(damage, ({ file, flips, length }) => {
        const bytes = Uint8Array.from(originals[file]!);
        for (const [at, value] of flips) bytes[at % bytes.length] = value;
        const kept = bytes.subarray(0, Math.ceil(length * bytes.length));
        try {
          const { width, height } = inspectPhoto(kept);
          expect(width * height).toBeLessThanOrEqual(PHOTO_LIMITS.maxPixels);
        } catch (error) {
          expect(error).toBeInstanceOf(CairnError);
          expect((error as CairnError).code).toMatch(/^photo-/);
        }
      }),
      { numRuns: 2000, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false },
    );
  });
});

describe('limits', () => {
  it('refuses a size of zero', () => {
    const bytes = read('animated.gif');
    bytes.writeUInt16LE(0, 6);
    expect(refusal(bytes).code).toBe('photo-corrupt');
  });

  it('refuses too many bytes before reading them', () => {
    const bytes = new Uint8Array(PHOTO_LIMITS.maxBytes + 1);
    bytes.set([0xff, 0xd8, 0xff]);
    expect(refusal(bytes).code).toBe('photo-too-large');
  });

  it('shrinks only what is over the limits, and keeps the ratio', () => {
    expect(decodedSize(4000, 3000)).toEqual({ width: 4000, height: 3000 });
    expect(decodedSize(4096, 4096)).toEqual({ width: 4096, height: 4096 });
    expect(decodedSize(20_000, 10)).toEqual({ width: 16_384, height: 8 });
    expect(decodedSize(100_000, 1)).toEqual({ width: 16_384, height: 1 });
    const { width, height } = decodedSize(10_000, 8000);
    expect(width * height).toBeLessThanOrEqual(PHOTO_LIMITS.maxDecodedPixels);
    expect(width * height).toBeGreaterThan(0.99 * PHOTO_LIMITS.maxDecodedPixels);
    expect(width / height).toBeCloseTo(1.25, 2);
  });
});

describe('EXIF orientation', () => {
  const entry = (tag: number, type: number, value: number, little: boolean): Uint8Array => {
    const view = new DataView(new ArrayBuffer(26));
    view.setUint16(0, little ? 0x4949 : 0x4d4d);
    view.setUint16(2, 42, little);
    view.setUint32(4, 8, little);
    view.setUint16(8, 1, little);
    view.setUint16(10, tag, little);
    view.setUint16(12, type, little);
    view.setUint32(14, 1, little);
    view.setUint16(18, value, little);
    return new Uint8Array(view.buffer);
  };

  it('is read in both byte orders', () => {
    expect(tiffOrientation(entry(0x0112, 3, 6, true))).toBe(6);
    expect(tiffOrientation(entry(0x0112, 3, 8, false))).toBe(8);
  });

  it('counts as upright where it makes no sense', () => {
    expect(tiffOrientation(entry(0x0112, 3, 9, true))).toBe(1);
    expect(tiffOrientation(entry(0x0112, 3, 0, true))).toBe(1);
    expect(tiffOrientation(entry(0x0112, 4, 6, true))).toBe(1);
    expect(tiffOrientation(entry(0x0110, 3, 6, true))).toBe(1);
    expect(tiffOrientation(entry(0x0112, 3, 6, true).subarray(0, 15))).toBe(1);
    expect(tiffOrientation(new Uint8Array(0))).toBe(1);
  });
});
