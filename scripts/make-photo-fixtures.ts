// Draws the pictures of tests/fixtures/photos: every kind of good and bad file that a photo can be.
// Run: npx tsx scripts/make-photo-fixtures.ts. What each must give stands in cases.ts beside them; those in HEIC
// are of scripts/make-heic-fixtures.py.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { drawScene } from '../src/imaging/drawn.ts';
import { type QuarterTurns, turnPixels } from '../src/imaging/turn.ts';
import { adobeRgbProfile, bmpFile } from './photo-files.ts';

const OUT = new URL('../tests/fixtures/photos/', import.meta.url);
// A lighthouse: left and right, top and bottom differ, so a turn shows.
const SCENE = 15;
const WIDTH = 160;
const HEIGHT = 120;

function write(name: string, bytes: Uint8Array | string): void {
  writeFileSync(new URL(name, OUT), bytes);
}

/** The picture that most fixtures show: RGB, 160 × 120. */
async function drawPicture(): Promise<Buffer> {
  const { data, ...raw } = drawScene(SCENE, 0);
  return sharp(data, { raw }).resize(WIDTH, HEIGHT).raw().toBuffer();
}

const picture = await drawPicture();
const open = () => sharp(picture, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
/** Without chroma subsampling, so that decoders cannot differ in how they undo it. */
const JPEG = { quality: 90, chromaSubsampling: '4:4:4' } as const;
const jpeg = await open().jpeg(JPEG).toBuffer();

/** For each EXIF orientation: how the upright picture is turned to be stored so. */
const STORED: readonly (readonly [rotation: QuarterTurns, flip: boolean])[] = [
  [0, false],
  [0, true],
  [180, false],
  [180, true],
  [90, true],
  [270, false],
  [270, true],
  [90, false],
];

async function writeOrientations(): Promise<void> {
  const rgba = await open().ensureAlpha().raw().toBuffer();
  const pixels = new Uint32Array(new Uint8Array(rgba).buffer);
  for (const [i, [rotation, flip]] of STORED.entries()) {
    const turned = new Uint8Array(turnPixels(pixels, WIDTH, HEIGHT, rotation, flip).buffer);
    const [width, height] = rotation % 180 === 0 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
    const stored = sharp(turned, { raw: { width, height, channels: 4 } }).removeAlpha();
    const orientation = i + 1;
    write(
      `orientation-${orientation}.jpg`,
      await stored.withMetadata({ orientation }).jpeg(JPEG).toBuffer(),
    );
    if (orientation === 6) {
      write(
        'orientation-6.png',
        await stored.withMetadata({ orientation }).png({ palette: true }).toBuffer(),
      );
    }
  }
}

async function writeColourKinds(): Promise<void> {
  write(
    'progressive.jpg',
    await open()
      .jpeg({ ...JPEG, progressive: true })
      .toBuffer(),
  );
  write('cmyk.jpg', await open().toColourspace('cmyk').jpeg({ quality: 90 }).toBuffer());
  write('display-p3.jpg', await open().withIccProfile('p3').jpeg(JPEG).toBuffer());
  // Other than sharp's name for a profile, its bytes must be a file.
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  const profile = join(folder, 'adobe.icc');
  writeFileSync(profile, adobeRgbProfile());
  write('adobe-rgb.jpg', await open().withIccProfile(profile).jpeg(JPEG).toBuffer());
  rmSync(folder, { recursive: true });
  write('display-p3-16.png', await deepP3());
  const grey16 = open().resize(40, 30).toColourspace('grey16');
  write('grey-16.png', await grey16.png().toBuffer());
  write('grey.jpg', await open().greyscale().jpeg(JPEG).toBuffer());
  write('depth-16.png', await open().resize(40, 30).toColourspace('rgb16').png().toBuffer());
  write('palette.png', await open().png({ palette: true, colours: 64 }).toBuffer());
  write('picture.webp', await open().webp({ quality: 90 }).toBuffer());
  write('picture.avif', await open().avif({ quality: 70, effort: 2 }).toBuffer());
  // Left half grey 100 opaque, right half black at alpha 51, which on white is 204.
  const greyAlpha = Uint8Array.from({ length: 8 * 8 * 4 }, (_, i) => {
    const left = (i >> 2) % 8 < 4;
    return i % 4 === 3 ? (left ? 255 : 51) : left ? 100 : 0;
  });
  const half = sharp(greyAlpha, { raw: { width: 8, height: 8, channels: 4 } });
  write('grey-alpha.png', await half.toColourspace('b-w').png().toBuffer());
  // Red at alpha 128 above, any colour at alpha 0 below.
  const clear = Uint8Array.from({ length: 8 * 8 * 4 }, (_, i) => {
    const above = i < 8 * 4 * 4;
    return above ? [255, 0, 0, 128][i % 4]! : [10, 200, 30, 0][i % 4]!;
  });
  const seeThrough = sharp(clear, { raw: { width: 8, height: 8, channels: 4 } });
  write('transparent.png', await seeThrough.png().toBuffer());
  write('transparent.webp', await seeThrough.webp({ lossless: true, exact: true }).toBuffer());
}

/** 16 bits a channel in Display P3, small: such files grow fast. */
function deepP3(): Promise<Buffer> {
  const small = open().resize(40, 30);
  return small.withIccProfile('p3').toColourspace('rgb16').png().toBuffer();
}

async function writeBitmaps(): Promise<void> {
  const middle = await open().resize(80, 60).raw().toBuffer();
  write('bits-24.bmp', bmpFile({ width: 80, height: 60, data: middle }, { bits: 24 }));
  const small = await open().resize(40, 30).raw().toBuffer();
  const little = { width: 40, height: 30, data: small };
  write('bits-16.bmp', bmpFile(little, { bits: 16, masks: [0xf800, 0x7e0, 0x1f, 0] }));
  write('bits-32-from-the-top.bmp', bmpFile(little, { bits: 32, topDown: true }));
  // Left half red, right half clear.
  const alpha = (x: number) => (x < 4 ? 255 : 0);
  const red = { width: 8, height: 8, data: Buffer.alloc(8 * 8 * 3, Buffer.from([255, 0, 0])) };
  const masks = [0xff0000, 0xff00, 0xff, 0xff000000] as const;
  write('transparent.bmp', bmpFile(red, { bits: 32, masks, alpha }));
  write('alpha-unset.bmp', bmpFile(little, { bits: 32, masks, alpha: () => 0 }));
  write('palette-16.bmp', bmpFile(little, { bits: 4 }));
  write('truncated.bmp', cut(bmpFile(little, { bits: 24 }), 0.6));
  write('run-length.bmp', bmpFile(little, { bits: 4, compression: 2 }));
}

async function writeAnimations(): Promise<void> {
  const small = await open().resize(80, 60).raw().toBuffer();
  const second = Buffer.alloc(small.length, 250);
  const frames = Buffer.concat([small, second]);
  const raw = { width: 80, height: 120, channels: 3, pageHeight: 60 } as const;
  write(
    'animated.gif',
    await sharp(frames, { raw })
      .gif({ delay: [100, 100] })
      .toBuffer(),
  );
  write(
    'animated.webp',
    await sharp(frames, { raw })
      .webp({ quality: 90, delay: [100, 100] })
      .toBuffer(),
  );
}

async function writeSizes(): Promise<void> {
  const dot = { width: 1, height: 1, channels: 3, background: '#c86432' } as const;
  write('one-pixel.png', await sharp({ create: dot }).png().toBuffer());
  const wide = { width: 20_000, height: 10, channels: 3, background: '#3264c8' } as const;
  write('wide.png', await sharp({ create: wide }).png().toBuffer());
  // Small files that claim to be huge: 20 000² in a JPEG's frame header, 64 250² in a PNG's.
  const jpegClaim = Buffer.from(jpeg);
  const frame = jpegClaim.indexOf(Buffer.from([0xff, 0xc0]));
  jpegClaim.writeUInt16BE(20_000, frame + 5);
  jpegClaim.writeUInt16BE(20_000, frame + 7);
  write('claims-400-megapixels.jpg', jpegClaim);
  const pngClaim = await open().resize(40, 30).png().toBuffer();
  pngClaim.writeUInt32BE(64_250, 16);
  pngClaim.writeUInt32BE(64_250, 20);
  pngClaim.writeUInt32BE(crc32(pngClaim.subarray(12, 29)), 29);
  write('claims-4-gigapixels.png', pngClaim);
}

/** Segments of a JPEG before its scan, as [start, end) with their markers. */
function segments(file: Buffer): { marker: number; start: number; end: number }[] {
  const found: { marker: number; start: number; end: number }[] = [];
  for (let start = 2; file[start + 1] !== 0xda; start = found.at(-1)!.end) {
    found.push({ marker: file[start + 1]!, start, end: start + 2 + file.readUInt16BE(start + 2) });
  }
  return found;
}

function cut(file: Buffer, share: number): Buffer {
  return file.subarray(0, Math.floor(file.length * share));
}

async function writeBroken(): Promise<void> {
  write('empty.jpg', '');
  write('text.jpg', 'This is a shopping list: bread, cheese, apples.\n');
  write('page.jpg', '<!doctype html><title>404</title><p>No such picture.');
  write(
    'drawing.svg',
    '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>',
  );
  write('named-wrongly.jpg', await open().png({ palette: true }).toBuffer());
  write('truncated.jpg', cut(jpeg, 0.6));
  write('truncated.png', cut(await open().png({ palette: true }).toBuffer(), 0.6));
  write('truncated.webp', cut(await open().webp().toBuffer(), 0.6));
  write('truncated.gif', cut(await open().resize(80, 60).gif().toBuffer(), 0.6));
  write('truncated.avif', cut(await open().avif({ effort: 2 }).toBuffer(), 0.6));
  // A second picture behind the first, as phones append gain maps and films.
  const small = await open().resize(32, 24).jpeg().toBuffer();
  write('trailing.jpg', Buffer.concat([jpeg, small, Buffer.from('trailing bytes')]));
  // A whole thumbnail, end marker and all, within EXIF; the picture itself is cut off.
  const exif = Buffer.concat([Buffer.from('Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0', 'latin1'), small]);
  const app1 = Buffer.from([0xff, 0xe1, (exif.length + 2) >> 8, (exif.length + 2) & 255]);
  const thumbed = Buffer.concat([jpeg.subarray(0, 2), app1, exif, jpeg.subarray(2)]);
  write('thumbnail.jpg', thumbed);
  write('thumbnail-truncated.jpg', cut(thumbed, 0.7));
  // No quantisation tables: nothing can be made of the pixels.
  const parts = segments(jpeg).filter(({ marker }) => marker !== 0xdb);
  const scan = jpeg.subarray(segments(jpeg).at(-1)!.end);
  write(
    'corrupt.jpg',
    Buffer.concat([jpeg.subarray(0, 2), ...parts.map((p) => jpeg.subarray(p.start, p.end)), scan]),
  );
  // Compressed data that is none, with proper checksums around it.
  const corrupt = await open().resize(40, 30).png().toBuffer();
  const data = corrupt.indexOf('IDAT');
  const length = corrupt.readUInt32BE(data - 4);
  corrupt.fill(0xa5, data + 4, data + 4 + length);
  corrupt.writeUInt32BE(crc32(corrupt.subarray(data, data + 4 + length)), data + 4 + length);
  write('corrupt.png', corrupt);
}

mkdirSync(OUT, { recursive: true });
await writeOrientations();
await writeColourKinds();
await writeBitmaps();
await writeAnimations();
await writeSizes();
await writeBroken();
const { channels } = await open().stats();
console.log('mean of the picture:', channels.map(({ mean }) => mean.toFixed(1)).join(', '));
