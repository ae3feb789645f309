// `cairn contact-sheet`: photos and what training makes of them, to be looked at by people.
import { extname } from 'node:path';
import sharp from 'sharp';
import type { PixelGrid } from '../../imaging/decode.ts';
import { decodePhoto } from '../../imaging/decode-node.ts';
import { viewSize } from '../../imaging/to-tensor.ts';
import { seededRandom } from '../../random.ts';
import { jpegRoundTrip } from '../../training/augment/jpeg-node.ts';
import { AUGMENTATIONS, type AugmentationName } from '../../training/augment/presets.ts';
import type { Batch } from '../../training/data/batch.ts';
import { makeBatch } from '../../training/data/make-batch.ts';
import { SAMPLING } from '../../training/data/sampler.ts';
import { mixSeeds } from '../../training/data/seeds.ts';
import { makePairs } from '../../training/matcher/make-pairs.ts';
import { readPhoto } from '../encode-photos.ts';
import { readName, readNumber } from '../flags.ts';
import { printJson, usage } from '../output.ts';
import { readManifests } from '../photo-list.ts';
import { pairPhotos } from '../training/pair-batches.ts';
import { truthOverlay, viewLevels } from '../training/pair-sheet.ts';
import { type TrainingSet, trainingPhotos } from '../training/training-photos.ts';

export interface ContactSheetOptions {
  readonly manifest: string[];
  /** .jpg or .png. */
  readonly out: string;
  readonly preset: string;
  /** Longest side of a picture in pixels. */
  readonly size: string;
  /** Rows. */
  readonly photos: string;
  /** Columns after the first, which shows the photo as it is. */
  readonly draws: string;
  readonly seed: string;
  /** Pairs that a matcher learns from, with what is true of them, instead of augmented photos. */
  readonly pairs?: boolean;
}

/** Pixels between pictures, and the level of the ground. */
const SHEET = { gap: 4, ground: 255, quality: 90, most: 100, longestSide: 1024 } as const;
/** Pictures are wanted as they are, not as a network takes them. */
const AS_LEVELS = { mean: [0, 0, 0], std: [1, 1, 1], jpeg: jpegRoundTrip };

/** Throws `usage`. */
export async function contactSheet(options: ContactSheetOptions): Promise<void> {
  const names = Object.keys(AUGMENTATIONS) as AugmentationName[];
  const preset = readName('--preset', options.preset, names);
  const size = readNumber('--size', options.size, {
    whole: true,
    least: 2 * SAMPLING.multiple,
    most: SHEET.longestSide,
  });
  const rows = readNumber('--photos', options.photos, { whole: true, least: 1, most: SHEET.most });
  const draws = readNumber('--draws', options.draws, { whole: true, least: 1, most: SHEET.most });
  const seed = readNumber('--seed', options.seed, { whole: true, least: 0, most: 2 ** 32 - 1 });
  if (!['.jpg', '.jpeg', '.png'].includes(extname(options.out).toLowerCase())) {
    throw usage(`${options.out} names no kind of picture.`, 'Let it end in .jpg or .png.');
  }
  const listed = await readManifests(options.manifest);
  const set = options.pairs
    ? await pairPhotos(listed, null)
    : await trainingPhotos(listed, { unlabelled: true });
  const picked = pick(set, rows, seed);
  const cell = viewSize(1, 1, size, SAMPLING.multiple).width;
  const columnsOf = options.pairs ? 2 * draws : draws + 1;
  const place = (n: number) => SHEET.gap + n * (cell + SHEET.gap);
  const sheet = blank(place(columnsOf), place(picked.length));
  const overlay: string[] = [];
  for (const [row, index] of picked.entries()) {
    const { file } = set.photos[index]!;
    const photo = await decodePhoto(await readPhoto(file));
    const shape = viewSize(photo.width, photo.height, size, SAMPLING.multiple);
    if (options.pairs) {
      const entries = Array.from({ length: draws }, () => ({ kind: 'one' as const, photo }));
      const plan = { ...shape, seed: mixSeeds(seed, index) };
      const batch = await makePairs(entries, plan, jpegRoundTrip);
      for (let n = 0; n < draws; n++) {
        const corners = ([0, 1] as const).map((side) => [place(2 * n + side), place(row)] as const);
        for (const [side, [left, top]] of corners.entries()) {
          pasteGrey(sheet, viewLevels(batch, side * draws + n), batch, left, top);
        }
        overlay.push(truthOverlay(batch, n, [corners[0]!, corners[1]!]));
      }
      continue;
    }
    const make = (name: AugmentationName, count: number) => {
      const photos = Array<number>(count).fill(index);
      const plan = { ...shape, photos, seed: mixSeeds(seed, index) };
      const copies = Array<PixelGrid>(count).fill(photo);
      return makeBatch(copies, plan, { ...AS_LEVELS, augmentation: AUGMENTATIONS[name] });
    };
    for (const [column, batch, n] of columns(await make('none', 1), await make(preset, draws))) {
      paste(sheet, batch, n, place(column), place(row));
    }
  }
  await write(sheet, options.out, overlay);
  const paths = picked.map((index) => set.photos[index]!.path);
  const what = options.pairs ? { pairs: true } : { preset };
  printJson({ out: options.out, ...what, size, draws, seed, photos: paths });
}

/** Different photos, in random order. */
function pick(set: TrainingSet, count: number, seed: number): number[] {
  const random = seededRandom(seed);
  const left = [...set.photos.keys()];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(Math.floor(random() * left.length), 1)[0]!,
  );
}

/** Column, batch and place in it: the photo as it is, then its draws. */
function columns(plain: Batch, drawn: Batch): [number, Batch, number][] {
  const rest = Array.from({ length: drawn.count }, (_, n): [number, Batch, number] => [
    n + 1,
    drawn,
    n,
  ]);
  return [[0, plain, 0], ...rest];
}

function blank(width: number, height: number) {
  const data = new Uint8Array(width * height * 3).fill(SHEET.ground);
  return { width, height, data };
}

function paste(
  sheet: ReturnType<typeof blank>,
  batch: Batch,
  n: number,
  left: number,
  top: number,
): void {
  const row = batch.width * 3;
  for (let y = 0; y < batch.height; y++) {
    const from = (n * batch.height + y) * row;
    const to = ((top + y) * sheet.width + left) * 3;
    for (let i = 0; i < row; i++) sheet.data[to + i] = Math.round(batch.pixels[from + i]!);
  }
}

function pasteGrey(
  sheet: ReturnType<typeof blank>,
  levels: Uint8Array,
  { width }: { readonly width: number },
  left: number,
  top: number,
): void {
  for (const [i, level] of levels.entries()) {
    const [x, y] = [left + (i % width), top + Math.floor(i / width)];
    sheet.data.fill(level, 3 * (y * sheet.width + x), 3 * (y * sheet.width + x) + 3);
  }
}

/** @param overlay SVG shapes in pixels of the sheet */
async function write(
  { data, width, height }: ReturnType<typeof blank>,
  out: string,
  overlay: readonly string[],
) {
  const plain = sharp(data, { raw: { width, height, channels: 3 } });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${overlay.join('')}</svg>`;
  const image = overlay.length > 0 ? plain.composite([{ input: Buffer.from(svg) }]) : plain;
  // The kind of file follows its name; quality is for JPEG alone.
  const encoded = /\.png$/i.test(out)
    ? image.removeAlpha().png()
    : image.jpeg({ quality: SHEET.quality });
  await encoded.toFile(out).catch((cause: Error) => {
    throw usage(`${out} cannot be written: ${cause.message}.`, 'Choose another file.');
  });
}
