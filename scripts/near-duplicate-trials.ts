// How alike copies of one photo are to the encoder, and how alike different photos of one landmark: what the
// threshold of near-duplicates in the page rests on. Writes the table in docs/teaching.md.
//
// Usage: npx tsx scripts/near-duplicate-trials.ts MANIFEST.csv
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { openModel } from '../src/cli/models.ts';
import { parseManifest } from '../src/evaluation/manifest.ts';
import { drawScene } from '../src/imaging/drawn.ts';
import { tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/teaching.md';
/** Neither is ever asked about in a report. */
const SPLITS = ['train_extra', 'distractor'];
/** Every so many-th photo is copied. */
const EVERY = 8;
const THRESHOLDS = [0.8, 0.84, 0.86, 0.88, 0.9, 0.92, 0.94, 0.96, 0.98];
const DRAWN = { scenes: 16, views: 4 } as const;

/** What becomes of a photo on its way through phones and messengers. */
const COPIES: Readonly<
  Record<string, (photo: Sharp, width: number, height: number) => Promise<Buffer>>
> = {
  'JPEG, quality 50': (photo) => photo.jpeg({ quality: 50 }).toBuffer(),
  'WebP, quality 75': (photo) => photo.webp({ quality: 75 }).toBuffer(),
  'half the size': (photo, width) =>
    photo
      .resize(Math.round(width / 2))
      .jpeg()
      .toBuffer(),
  '5 % cut off each side': (photo, width, height) => {
    const [left, top] = [Math.round(width * 0.05), Math.round(height * 0.05)];
    const region = { left, top, width: width - 2 * left, height: height - 2 * top };
    return photo.extract(region).jpeg({ quality: 85 }).toBuffer();
  },
  'a tenth brighter': (photo) => photo.modulate({ brightness: 1.1 }).jpeg().toBuffer(),
};

interface Photo {
  /** Null for photos of no landmark. */
  readonly label: string | null;
  readonly bytes: Buffer;
}

const [manifest] = process.argv.slice(2);
if (!manifest)
  throw new Error('Which manifest? npx tsx scripts/near-duplicate-trials.ts MANIFEST.csv');
const { encoder } = await openModel();
const describe = async (photo: Uint8Array) => (await encoder.encode(photo)).embedding;

function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (const [i, x] of a.entries()) sum += x * b[i]!;
  return sum;
}

async function photographs(): Promise<Photo[]> {
  const rows = parseManifest(await readFile(manifest!, 'utf8')).filter(({ split }) =>
    SPLITS.includes(split),
  );
  return Promise.all(
    rows.map(async ({ path, label }) => ({
      label: label || null,
      bytes: await readFile(join(dirname(manifest!), path)),
    })),
  );
}

async function drawings(): Promise<Photo[]> {
  const all: Photo[] = [];
  for (let scene = 0; scene < DRAWN.scenes; scene++) {
    for (let view = 0; view < DRAWN.views; view++) {
      const { data, width, height, channels } = drawScene(scene, view);
      const raw = { width, height, channels };
      all.push({ label: `${scene}`, bytes: await sharp(data, { raw }).png().toBuffer() });
    }
  }
  return all;
}

interface Found {
  /** Cosine of each copy to what it was copied from, by kind. */
  readonly copies: ReadonlyMap<string, readonly number[]>;
  /** Cosines of different photos of one landmark, and of all others. */
  readonly same: readonly number[];
  readonly other: readonly number[];
}

async function measure(photos: readonly Photo[], every: number): Promise<Found> {
  const embeddings: Float32Array[] = [];
  const copies = new Map<string, number[]>(Object.keys(COPIES).map((kind) => [kind, []]));
  for (const [i, { bytes }] of photos.entries()) {
    const embedding = await describe(bytes);
    embeddings.push(embedding);
    if (i % 100 === 0) console.error(`${i} / ${photos.length}`);
    if (i % every !== 0) continue;
    const { width, height } = await sharp(bytes).metadata();
    for (const [kind, copy] of Object.entries(COPIES)) {
      const other = await describe(await copy(sharp(bytes), width, height));
      copies.get(kind)!.push(cosine(embedding, other));
    }
  }
  const same: number[] = [];
  const other: number[] = [];
  for (const [i, a] of embeddings.entries()) {
    for (let j = 0; j < i; j++) {
      const alike = photos[i]!.label !== null && photos[i]!.label === photos[j]!.label;
      (alike ? same : other).push(cosine(a, embeddings[j]!));
    }
  }
  return { copies, same, other };
}

const above = (all: readonly number[], threshold: number) =>
  all.filter((cos) => cos >= threshold).length;
const share = (all: readonly number[], threshold: number) =>
  (above(all, threshold) / all.length).toFixed(3);

function table(what: string, { copies, same, other }: Found): string {
  const kinds = [...copies.keys()];
  const head = [what, ...kinds, 'different photos of one landmark', 'of two, or of none'];
  return [
    tableRow(head),
    tableRow(head.map(() => '---')),
    ...THRESHOLDS.map((threshold) =>
      tableRow([
        `≥ ${threshold.toFixed(2)}`,
        ...kinds.map((kind) => share(copies.get(kind)!, threshold)),
        `${above(same, threshold)} of ${same.length}`,
        `${above(other, threshold)} of ${other.length}`,
      ]),
    ),
    tableRow(['lowest', ...kinds.map((kind) => Math.min(...copies.get(kind)!).toFixed(3)), '', '']),
  ].join('\n');
}

const drawn = table('drawn', await measure(await drawings(), 1));
console.log(drawn);
const photographed = table('photographed', await measure(await photographs(), EVERY));
console.log(photographed);
writePart(DOCUMENT, 'near-duplicates', `${photographed}\n\n${drawn}`);
