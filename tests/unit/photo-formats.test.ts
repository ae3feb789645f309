// Parts of reading photos by themselves: shrinking while reading, colours of HEIC, boxes of HEIF, the camera's file names.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cameraProblem, fileTime } from '../../src/app/camera/camera.ts';
import { errorText } from '../../src/app/i18n/error-text.ts';
import { PICTURES, photosFromPaste } from '../../src/app/recognize/intake.ts';
import { toPlainError } from '../../src/errors.ts';
import { spaceOfProfile, srgbConverter } from '../../src/imaging/heic/colours.ts';
import { readHeifHeader } from '../../src/imaging/heif-header.ts';
import { OTHER_FILES } from '../../src/imaging/other-files.ts';
import { unsupportedPhoto } from '../../src/imaging/photo-errors.ts';
import { shrinkRgba } from '../../src/imaging/shrink.ts';
import { MESSAGES } from './all-messages.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/photos/${name}`, import.meta.url));

describe('shrinking', () => {
  /** One channel of a row of pixels. */
  const line = (values: readonly number[]) =>
    Uint8Array.from(values.flatMap((value) => [value, value, value, 255]));
  const shrunk = (values: readonly number[], width: number) => {
    const from = { width: values.length, height: 1 };
    return [...shrinkRgba(from, { width, height: 1 }, () => line(values))].filter(
      (_, i) => !(i % 4),
    );
  };

  it('takes means of the areas, whole and in part', () => {
    expect(shrunk([0, 100, 200, 100], 2)).toEqual([50, 150]);
    // Two places of one and a half pixels each.
    expect(shrunk([0, 90, 180], 2)).toEqual([30, 150]);
    expect(shrunk([7, 8, 9], 3)).toEqual([7, 8, 9]);
  });

  it('does so from row to row, too, and asks for each row once', () => {
    const asked: number[] = [];
    const result = shrinkRgba({ width: 1, height: 3 }, { width: 1, height: 2 }, (y) => {
      asked.push(y);
      return line([90 * y]);
    });
    expect([...result]).toEqual([30, 30, 30, 255, 150, 150, 150, 255]);
    expect(asked).toEqual([0, 1, 2]);
  });

  it('keeps a flat picture flat at any ratio', () => {
    for (const [width, height] of [
      [97, 61],
      [33, 60],
      [1, 1],
    ] as const) {
      const row = line(Array(97).fill(200));
      const result = shrinkRgba({ width: 97, height: 61 }, { width, height }, () => row);
      expect(result.every((value, i) => value === (i % 4 === 3 ? 255 : 200))).toBe(true);
    }
  });
});

describe('colours of a HEIC', () => {
  const converted = (rgb: readonly number[], primaries: number, transfer: number) => {
    const pixel = Uint8ClampedArray.of(...rgb, 255);
    srgbConverter({ kind: 'coded', primaries, transfer })(pixel);
    return [...pixel.subarray(0, 3)];
  };

  it('leaves sRGB and grey as they are', () => {
    expect(converted([10, 100, 250], 1, 13)).toEqual([10, 100, 250]);
    expect(converted([10, 100, 250], 1, 2)).toEqual([10, 100, 250]);
    for (const primaries of [9, 12])
      expect(converted([99, 99, 99], primaries, 13)).toEqual([99, 99, 99]);
  });

  it('cuts what sRGB has not, and finds what it has', () => {
    expect(converted([0, 255, 0], 12, 13)).toEqual([0, 255, 0]);
    // CSS Color 4: color(display-p3 0.5 0.25 0.25) is about rgb(137 59 62).
    const [r, g, b] = converted([128, 64, 64], 12, 13);
    expect(Math.abs(r! - 137)).toBeLessThanOrEqual(2);
    expect(Math.abs(g! - 59)).toBeLessThanOrEqual(2);
    expect(Math.abs(b! - 62)).toBeLessThanOrEqual(2);
  });

  it('shows the white of HDR pictures as white', () => {
    // 203 candela a square metre is 58 % of PQ's signal; HLG has it at 75 %.
    for (const [transfer, white] of [
      [16, 148],
      [18, 191],
    ] as const) {
      const [grey] = converted([white, white, white], 1, transfer);
      expect(Math.abs(grey! - 255)).toBeLessThanOrEqual(3);
      expect(converted([250, 250, 250], 1, transfer)).toEqual([255, 255, 255]);
    }
  });

  it('takes no profile that is damaged or of another kind', () => {
    const { colours } = readHeifHeader(fixture('display-p3.heic'), 'HEIC');
    if (colours?.kind !== 'icc') throw new Error('no profile in display-p3.heic');
    expect(spaceOfProfile(colours.profile)).not.toBeNull();
    for (let length = 0; length < colours.profile.length; length += 7) {
      expect(() => spaceOfProfile(colours.profile.subarray(0, length))).not.toThrow();
    }
    const inks = colours.profile.slice();
    inks.set(Buffer.from('CMYK'), 16);
    expect(spaceOfProfile(inks)).toBeNull();
  });
});

describe('words for refused files', () => {
  it('are there in every language, and named by the error', () => {
    for (const kind of Object.keys(OTHER_FILES) as (keyof typeof OTHER_FILES)[]) {
      const plain = toPlainError(unsupportedPhoto(kind));
      expect(plain.subject).toBe(kind);
      for (const messages of Object.values(MESSAGES)) {
        expect(errorText(messages, plain)).toBe(messages.subjects[kind]);
      }
    }
    const { en } = MESSAGES;
    expect(errorText(en, { code: 'photo-empty' })).toBe(en.errors['photo-empty']);
    expect(errorText(en, { code: 'photo-empty', subject: 'toString' })).toBe(
      en.errors['photo-empty'],
    );
  });
});

describe('ways in', () => {
  it('take a HEIC for a picture where the system knows no type for it', () => {
    expect(PICTURES.split(',')).toContain('.heic');
    const files = [
      new File([''], 'IMG_1.HEIC'),
      new File([''], 'notes.txt', { type: 'text/plain' }),
      new File([''], 'a.jpg', { type: 'image/jpeg' }),
    ];
    const transfer = { files } as unknown as DataTransfer; // what is looked at of it
    expect(photosFromPaste(transfer).map(({ name }) => name)).toEqual(['IMG_1.HEIC', 'a.jpg']);
  });

  it('name what the camera took by date and time', () => {
    expect(fileTime(new Date(2026, 0, 9, 5, 4, 3))).toBe('2026-01-09 05.04.03');
  });

  it('tell why there is no camera', () => {
    const problem = (name: string) => cameraProblem(new DOMException('', name));
    expect(problem('NotAllowedError')).toBe('refused');
    expect(problem('NotFoundError')).toBe('none');
    expect(problem('NotReadableError')).toBe('busy');
    expect(cameraProblem(new TypeError('x'))).toBe('failed');
  });
});
