// Draws the pictures of tests/fixtures/exif: photos that say when and where they were taken, truly or absurdly.
// Run: npx tsx scripts/make-exif-fixtures.ts. What each must give stands in tests/unit/photo-facts.test.ts.
import { mkdir, writeFile } from 'node:fs/promises';
import sharp, { type Exif, type Sharp } from 'sharp';
import { drawScene } from '../src/imaging/drawn.ts';

const OUT = new URL('../tests/fixtures/exif/', import.meta.url);
const SCENE = 15;

const { data, ...raw } = drawScene(SCENE, 0);
const picture = await sharp(data, { raw }).resize(160, 120).png().toBuffer();

async function write(name: string, exif: Exif, format: (image: Sharp) => Sharp): Promise<void> {
  await writeFile(new URL(name, OUT), await format(sharp(picture).withExif(exif)).toBuffer());
}

const jpeg = (image: Sharp) => image.jpeg({ quality: 85 });

/** sharp's names: IFD2 is EXIF's own directory, IFD3 that of GPS. */
const TOWER: Exif = {
  IFD0: { Make: 'Cairn', Model: 'Cairn Pocket 2' },
  IFD2: { DateTimeOriginal: '2024:05:03 14:05:09', OffsetTimeOriginal: '+02:00' },
  IFD3: {
    GPSLatitudeRef: 'N',
    GPSLatitude: '48/1 51/1 2961/100',
    GPSLongitudeRef: 'E',
    GPSLongitude: '2/1 17/1 4012/100',
  },
};

await mkdir(OUT, { recursive: true });
await write('tower.jpg', TOWER, jpeg);
await write('tower.png', TOWER, (image) => image.png({ palette: true }));
await write('tower.webp', TOWER, (image) => image.webp({ quality: 85 }));
await write('tower.avif', TOWER, (image) => image.avif({ quality: 60, effort: 2 }));
// South and west, and no time zone.
await write(
  'terraces.jpg',
  {
    IFD0: { Make: 'NIKON CORPORATION', Model: 'NIKON D750' },
    IFD2: { DateTimeOriginal: '2019:12:31 23:59:58' },
    IFD3: {
      GPSLatitudeRef: 'S',
      GPSLatitude: '13/1 9/1 4700/100',
      GPSLongitudeRef: 'W',
      GPSLongitude: '72/1 32/1 4243/100',
    },
  },
  jpeg,
);
// Nothing in it can be true.
await write(
  'absurd.jpg',
  {
    IFD2: { DateTimeOriginal: '0000:00:00 00:00:00' },
    IFD3: {
      GPSLatitudeRef: 'N',
      GPSLatitude: '95/1 0/1 0/1',
      GPSLongitudeRef: 'E',
      GPSLongitude: '200/1 0/1 0/1',
    },
  },
  jpeg,
);
