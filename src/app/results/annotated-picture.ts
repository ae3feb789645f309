// A picture to save or to share: the photo, the points that agree with a reference, and the result below.
import { CairnError } from '../../errors.ts';
import type { Verdict } from '../../verdict.ts';
import { MARK_SIDE, MARK_STONES } from '../shell/stones.tsx';
import { type CaptionLayout, type CaptionTexts, layoutCaption, type Weight } from './caption.ts';
import { bestMatched, matchedLines } from './matched.ts';
import { shownPicture } from './shown-picture.ts';

/** The same whatever the page's colours are: the picture goes elsewhere. */
const COLOURS = {
  ground: '#1e2423',
  ink: '#ecefed',
  soft: '#b3bdb8',
  point: '#f2a24a',
  rim: '#151918',
  stones: { 'stone-deep': '#7d8984', 'stone-mid': '#98a39e', 'stone-top': '#f2a24a' },
} as const;
const QUALITY = 0.92;

export interface PictureParts {
  /** Address of the photo, as the page shows it. */
  readonly url: string;
  /** Pixels of the photo, where what the page shows is a smaller copy of it. */
  readonly photo: { readonly width: number } | null;
  readonly verdict: Verdict;
  readonly texts: CaptionTexts;
}

/**
 * A JPEG of at most 2048 pixels a side. It is drawn anew, so nothing of the photo's metadata is in it.
 * @throws CairnError `photo-unsupported` where the browser cannot show the photo; `internal` where it cannot draw
 */
export async function annotatedPicture({
  url,
  photo,
  verdict,
  texts,
}: PictureParts): Promise<Blob> {
  const image = await shownPicture(url).catch((cause) => {
    throw new CairnError(
      'photo-unsupported',
      'This browser cannot show the photo.',
      'Save it as a JPEG first.',
      { cause },
    );
  });
  const size = { width: image.naturalWidth, height: image.naturalHeight };
  const ruler = context(new OffscreenCanvas(1, 1));
  const layout = layoutCaption(size, texts, (text, fontSize, weight) => {
    ruler.font = font(fontSize, weight);
    return ruler.measureText(text).width;
  });
  const canvas = new OffscreenCanvas(layout.width, layout.height);
  const pen = context(canvas);
  pen.fillStyle = COLOURS.ground;
  pen.fillRect(0, 0, layout.width, layout.height);
  pen.imageSmoothingQuality = 'high';
  const { x, y, width, height } = layout.photo;
  pen.drawImage(image, x, y, width, height);
  drawPoints(pen, verdict, layout, width / (photo?.width ?? size.width));
  drawCaption(pen, layout);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
}

type Pen = OffscreenCanvasRenderingContext2D;

function drawPoints(pen: Pen, verdict: Verdict, layout: CaptionLayout, scale: number): void {
  // Beside a refusal, points would say the opposite.
  const best = verdict.kind === 'landmark' ? bestMatched(verdict) : null;
  if (!best) return;
  const radius = Math.max(2.5, layout.width / 320);
  pen.fillStyle = COLOURS.point;
  pen.strokeStyle = COLOURS.rim;
  pen.lineWidth = radius / 3;
  for (const { from } of matchedLines(best.points)) {
    pen.beginPath();
    pen.arc(layout.photo.x + scale * from[0], scale * from[1], radius, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }
}

function drawCaption(pen: Pen, { texts, mark }: CaptionLayout): void {
  for (const { text, x, baseline, size, weight, tone } of texts) {
    pen.font = font(size, weight);
    pen.fillStyle = COLOURS[tone];
    pen.fillText(text, x, baseline);
  }
  pen.save();
  pen.translate(mark.x, mark.y);
  pen.scale(mark.width / MARK_SIDE, mark.height / MARK_SIDE);
  for (const { d, tone } of MARK_STONES) {
    pen.fillStyle = COLOURS.stones[tone];
    pen.fill(new Path2D(d));
  }
  pen.restore();
}

function font(size: number, weight: Weight): string {
  const family = getComputedStyle(document.body).fontFamily;
  return `${weight === 'bold' ? 650 : 400} ${size.toFixed(1)}px ${family}`;
}

function context(canvas: OffscreenCanvas): Pen {
  const pen = canvas.getContext('2d');
  if (!pen) {
    throw new CairnError(
      'internal',
      'The browser gives no canvas to draw on.',
      'Close other pages and try again.',
    );
  }
  return pen;
}
