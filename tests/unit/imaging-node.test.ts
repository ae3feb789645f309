// Every fixture photo through the Node decoder: sizes, colours, orientation, error codes.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CairnError } from '../../src/errors.ts';
import { decodePhoto } from '../../src/imaging/decode-node.ts';
import { meanRgb, PHOTO_CASES } from '../fixtures/photos/cases.ts';

const FOLDER = new URL('../fixtures/photos/', import.meta.url);
const read = (file: string): Uint8Array => readFileSync(new URL(file, FOLDER));

async function failure(work: Promise<unknown>): Promise<CairnError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(CairnError);
  return thrown as CairnError;
}

describe('photos in Node', () => {
  it('lists every file of the folder, once', () => {
    const files = readdirSync(FOLDER).filter((file) => !file.endsWith('.ts'));
    expect(PHOTO_CASES.map(({ file }) => file).toSorted()).toEqual(files.toSorted());
  });

  for (const { file, shows, outcome } of PHOTO_CASES) {
    if ('error' in outcome) {
      it(`refuses ${shows}: ${outcome.error}`, async () => {
        const error = await failure(decodePhoto(read(file)));
        expect(error.code).toBe(outcome.error);
        expect(error.remedy).not.toBe('');
      });
      continue;
    }
    it(`reads ${shows}`, async () => {
      const { ok } = outcome;
      const bitmap = await decodePhoto(read(file));
      expect(bitmap.header).toMatchObject({ mime: ok.mime, width: ok.width, height: ok.height });
      const size = ok.decoded ?? { width: ok.width, height: ok.height };
      expect({ width: bitmap.width, height: bitmap.height }).toEqual(size);
      expect(bitmap.data.length).toBe(size.width * size.height * bitmap.channels);
      const whole = meanRgb(bitmap);
      const quarter = meanRgb(bitmap, 0.5);
      for (let c = 0; c < 3; c++) {
        expect(Math.abs(whole[c]! - ok.meanRgb[c]!)).toBeLessThan(ok.tolerance);
        expect(Math.abs(quarter[c]! - ok.topLeftRgb[c]!)).toBeLessThan(ok.tolerance);
      }
    });
  }

  it('turns all eight orientations to the same pixels', async () => {
    const upright = await decodePhoto(read('orientation-1.jpg'));
    for (let orientation = 2; orientation <= 8; orientation++) {
      const turned = await decodePhoto(read(`orientation-${orientation}.jpg`));
      expect(turned.header.orientation).toBe(orientation);
      let off = 0;
      for (const [i, value] of upright.data.entries()) off += Math.abs(value - turned.data[i]!);
      // JPEG loses a little otherwise in each orientation; a wrong turn is off by tens.
      expect(off / upright.data.length).toBeLessThan(1.5);
    }
  });

  it('tells animations', async () => {
    expect((await decodePhoto(read('animated.gif'))).header.animated).toBe(true);
    expect((await decodePhoto(read('animated.webp'))).header.animated).toBe(true);
    expect((await decodePhoto(read('picture.webp'))).header.animated).toBe(false);
  });

  it('keeps no alpha', async () => {
    const { channels, data } = await decodePhoto(read('transparent.png'));
    expect(channels).toBe(4);
    for (let i = 3; i < data.length; i += 4) expect(data[i]).toBe(255);
  });

  it('stops when told to', async () => {
    const work = decodePhoto(read('orientation-1.jpg'), { signal: AbortSignal.abort() });
    expect((await failure(work)).code).toBe('aborted');
  });
});
