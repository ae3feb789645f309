// What photos say of themselves: read from files of every format, refused where absurd, never at the cost of a hang.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFormat, formatTag } from '../../src/app/i18n/format.ts';
import { exifPart, HEAD_BYTES } from '../../src/app/photo-facts/exif-part.ts';
import { factsOf, type RawTags } from '../../src/app/photo-facts/facts.ts';
import { readFacts } from '../../src/app/photo-facts/read-facts.ts';

const NOW = Date.UTC(2026, 0, 1);
const FOLDER = new URL('../fixtures/', import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, FOLDER)));
const read = (bytes: Uint8Array<ArrayBuffer>) => readFacts(new Blob([bytes]), NOW);

const tag = (value: unknown) => ({ value });
/** The other fields of a photo that says one thing. */
const said = (tags: RawTags) => factsOf(tags, NOW);
const at = (lat: unknown, latRef: unknown, lon: unknown, lonRef: unknown) =>
  said({
    GPSLatitude: tag(lat),
    GPSLatitudeRef: tag(latRef),
    GPSLongitude: tag(lon),
    GPSLongitudeRef: tag(lonRef),
  })?.position ?? null;
const takenAt = (time: string, offset?: string) =>
  said({ DateTimeOriginal: tag([time]), ...(offset ? { OffsetTimeOriginal: tag([offset]) } : {}) })
    ?.taken ?? null;

describe('a file', () => {
  it.each(['tower.jpg', 'tower.png', 'tower.webp', 'tower.avif'])('%s tells all', async (name) => {
    const facts = await read(bytesOf(`exif/${name}`));
    expect(facts?.camera).toBe('Cairn Pocket 2');
    expect(facts?.taken).toEqual({ shown: Date.UTC(2024, 4, 3, 14, 5, 9), offset: '+02:00' });
    expect(facts?.position?.lat).toBeCloseTo(48.858225, 6);
    expect(facts?.position?.lon).toBeCloseTo(2.294478, 6);
  });

  it('may lie south and west, and have no time zone', async () => {
    const facts = await read(bytesOf('exif/terraces.jpg'));
    expect(facts?.camera).toBe('NIKON D750');
    expect(facts?.taken).toEqual({ shown: Date.UTC(2019, 11, 31, 23, 59, 58), offset: null });
    expect(facts?.position?.lat).toBeCloseTo(-13.163056, 6);
    expect(facts?.position?.lon).toBeCloseTo(-72.545119, 6);
  });

  it('that says what cannot be says nothing', async () => {
    expect(await read(bytesOf('exif/absurd.jpg'))).toBeNull();
  });

  it.each([
    'progressive.jpg',
    'empty.jpg',
    'text.jpg',
    'page.jpg',
    'truncated.jpg',
    'grey-alpha.png',
  ])('%s says nothing, without an error', async (name) =>
    expect(await read(bytesOf(`photos/${name}`))).toBeNull(),
  );

  it('is read up to a bound, wherever its EXIF is', async () => {
    const large = new Blob([bytesOf('exif/tower.jpg'), new Uint8Array(4 * HEAD_BYTES)]);
    expect((await exifPart(large))?.byteLength).toBe(HEAD_BYTES);
    expect((await readFacts(large, NOW))?.camera).toBe('Cairn Pocket 2');
    expect(await exifPart(new Blob([]))).toBeNull();
  });

  it('of WebP chunks without end is left', async () => {
    const chunks = new Uint8Array(12 + 8 * 10_000);
    chunks.set(new TextEncoder().encode('RIFF\0\0\0\0WEBP'));
    expect(await exifPart(new Blob([chunks]))).toBeNull();
  });
});

describe('damage', () => {
  const files = ['tower.jpg', 'tower.png', 'tower.webp', 'tower.avif'].map((name) =>
    bytesOf(`exif/${name}`),
  );

  it('never throws, and gives nothing out of bounds', async () => {
    const change = fc.tuple(fc.nat(1200), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(change, { minLength: 1, maxLength: 40 }),
        fc.double({ min: 0.02, max: 1, noNaN: true }),
        async (file, changes, share) => {
          const bytes = file.slice(0, Math.ceil(share * file.length));
          for (const [place, value] of changes) if (place < bytes.length) bytes[place] = value;
          const facts = await read(bytes);
          if (facts?.position) {
            expect(Math.abs(facts.position.lat)).toBeLessThanOrEqual(90);
            expect(Math.abs(facts.position.lon)).toBeLessThanOrEqual(180);
          }
          if (facts?.taken) expect(facts.taken.shown).toBeLessThanOrEqual(NOW + 26 * 3600e3);
          expect((facts?.camera ?? '').length).toBeLessThanOrEqual(80);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('of counts and pointers does not keep the reader busy', async () => {
    // A directory of as many entries as fit, each of which claims all the bytes there are; each directory that
    // follows is the first one again.
    const size = HEAD_BYTES;
    const tiff = new DataView(new ArrayBuffer(size));
    tiff.setUint16(0, 0x4949);
    tiff.setUint16(2, 42, true);
    tiff.setUint32(4, 8, true);
    const entries = Math.floor((size - 14) / 12);
    tiff.setUint16(8, entries, true);
    for (let i = 0; i < entries; i++) {
      const start = 10 + 12 * i;
      // A maker's name of all bytes, or the pointer to another directory, which is this one.
      const [name, kind] = i % 2 === 0 ? [0x010f, 2] : [0x8769, 4];
      tiff.setUint16(start, name, true);
      tiff.setUint16(start + 2, kind, true);
      tiff.setUint32(start + 4, kind === 2 ? size - 8 : 1, true);
      tiff.setUint32(start + 8, 8, true);
    }
    const facts = await read(new Uint8Array(tiff.buffer));
    expect(facts?.camera?.length ?? 0).toBeLessThanOrEqual(80);
  });
});

describe('a place', () => {
  const half = [
    [10, 1],
    [30, 1],
    [0, 1],
  ];

  it('has a hemisphere, and fractions that make sense', () => {
    expect(at(half, ['N'], half, ['W'])).toEqual({ lat: 10.5, lon: -10.5 });
    expect(at(half, ['s'], half, ['e'])).toEqual({ lat: -10.5, lon: 10.5 });
    expect(at(half, [], half, ['E'])).toBeNull();
    expect(at(half, ['X'], half, ['E'])).toBeNull();
    expect(at([[10, 0], half[1], half[2]], ['N'], half, ['E'])).toBeNull();
    expect(at([half[0], [60, 1], half[2]], ['N'], half, ['E'])).toBeNull();
    expect(at([[-10, 1], half[1], half[2]], ['N'], half, ['E'])).toBeNull();
    expect(at('10.5', ['N'], half, ['E'])).toBeNull();
    expect(
      at(
        [
          [90, 1],
          [0, 1],
          [1, 100],
        ],
        ['N'],
        half,
        ['E'],
      ),
    ).toBeNull();
  });

  it('is not where receivers without a fix put it', () => {
    const zero = [
      [0, 1],
      [0, 1],
      [0, 1],
    ];
    expect(at(zero, ['N'], zero, ['E'])).toBeNull();
    expect(at(zero, ['N'], half, ['E'])).toEqual({ lat: 0, lon: 10.5 });
  });
});

describe('a time', () => {
  it('is what the clock showed', () => {
    expect(takenAt('2024:05:03 14:05:09')?.shown).toBe(Date.UTC(2024, 4, 3, 14, 5, 9));
    expect(takenAt('2024-05-03T14:05')?.shown).toBe(Date.UTC(2024, 4, 3, 14, 5));
    expect(takenAt('2024:02:29 00:00:00')?.shown).toBe(Date.UTC(2024, 1, 29));
  });

  it.each([
    '0000:00:00 00:00:00',
    '2023:02:29 10:00:00',
    '2024:13:01 10:00:00',
    '2024:05:03 24:00:00',
    '2024:05:03 10:61:00',
    '1700:05:03 10:00:00',
    '2031:05:03 10:00:00',
    '    :  :     :  :  ',
    'yesterday',
  ])('of %s is none', (time) => expect(takenAt(time)).toBeNull());

  it('has a zone only where one is stated', () => {
    expect(takenAt('2024:05:03 14:05:09', '-03:30')?.offset).toBe('-03:30');
    expect(takenAt('2024:05:03 14:05:09', '+99:00')?.offset).toBeNull();
    expect(takenAt('2024:05:03 14:05:09', '   :  ')?.offset).toBeNull();
  });

  it('falls back to when the picture was made digital', () => {
    const facts = said({
      DateTimeOriginal: tag(['0000:00:00 00:00:00']),
      DateTimeDigitized: tag(['1999:01:02 03:04:05']),
    });
    expect(facts?.taken?.shown).toBe(Date.UTC(1999, 0, 2, 3, 4, 5));
  });

  it('reads as people write it, whatever the zone of the device', () => {
    const taken = { shown: Date.UTC(2024, 4, 3, 14, 5, 9), offset: null };
    const british = formatTag('en', ['de-DE', 'en-GB', 'en-US']);
    expect(createFormat('en', british).clockTime(taken.shown)).toBe('3 May 2024, 14:05');
    expect(createFormat('en').clockTime(taken.shown)).toMatch(/^May 3, 2024, 2:05\sPM$/);
    expect(createFormat('zh').clockTime(taken.shown)).toBe('2024年5月3日 14:05');
    expect(formatTag('zh', ['zh-TW', 'en-GB'])).toBe('zh-Hans');
    expect(formatTag('en', ['fr'])).toBe('en');
  });
});

describe('a camera', () => {
  const camera = (make: string, model: string) =>
    said({ Make: tag([make]), Model: tag([model]) })?.camera;

  it('is named once', () => {
    expect(camera('Apple', 'iPhone 15')).toBe('Apple iPhone 15');
    expect(camera('Canon', 'Canon EOS 5D')).toBe('Canon EOS 5D');
    expect(camera('Canon', '')).toBe('Canon');
    expect(camera('', 'X100')).toBe('X100');
  });

  it('cannot turn the text around it, nor flood it', () => {
    expect(camera('A\u202Eb', 'c\u0000\u0007d')).toBe('A b c d');
    expect(camera('x'.repeat(5000), 'y')?.length).toBeLessThanOrEqual(80);
  });
});
