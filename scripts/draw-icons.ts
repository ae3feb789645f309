// Draws the icons that some systems want as PNG from the SVG ones: `npx tsx scripts/draw-icons.ts`.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import sharp from 'sharp';

const ICONS = resolve(import.meta.dirname, '../public/icons');
/** What librsvg draws an SVG at, dots per inch, when a CSS pixel is to be a pixel. */
const DPI = 72;

const DRAWINGS = [
  { from: 'icon.svg', to: 'icon-192.png', size: 192, grid: 32 },
  { from: 'icon.svg', to: 'icon-512.png', size: 512, grid: 32 },
  { from: 'maskable.svg', to: 'maskable-512.png', size: 512, grid: 64 },
  // iOS fills what is transparent with black: the one with a ground.
  { from: 'maskable.svg', to: 'apple-touch-icon.png', size: 180, grid: 64 },
] as const;

for (const { from, to, size, grid } of DRAWINGS) {
  const file = resolve(ICONS, to);
  // At its full size rather than enlarged: edges stay sharp.
  await sharp(resolve(ICONS, from), { density: (DPI * size) / grid })
    .resize(size, size)
    .png({ palette: true, effort: 10 })
    .toFile(file);
  console.log(`${to}: ${(await stat(file)).size} bytes`);
}
