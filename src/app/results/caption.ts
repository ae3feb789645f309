// Where everything goes in a picture to save: the photo, and below it a bar with the result. Lengths in pixels.

export interface CaptionTexts {
  readonly title: string;
  /** Below the title, smaller; null for none. */
  readonly other: string | null;
  readonly confidence: string;
  readonly brand: string;
}

export type Weight = 'bold' | 'plain';
/** How wide a text is at a font size. */
export type Measure = (text: string, size: number, weight: Weight) => number;

export interface TextAt {
  readonly text: string;
  readonly x: number;
  /** Of the line on which its letters stand. */
  readonly baseline: number;
  readonly size: number;
  readonly weight: Weight;
  readonly tone: 'ink' | 'soft';
}

export interface CaptionLayout {
  readonly width: number;
  readonly height: number;
  /** Where the photo goes. */
  readonly photo: Box;
  readonly texts: readonly TextAt[];
  /** The mark beside the brand. */
  readonly mark: Box;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Neither side is longer. */
export const LONGEST = 2048;
/** The caption needs this much width; a smaller photo stands in the middle, never enlarged. */
const NARROWEST = 480;
/** What the caption takes at most, of {@link LONGEST}. */
const CAPTION_MOST = 320;
const TITLE_LINES = 2;
const ELLIPSIS = '…';

/** @param photo its size as it is shown, at least 1 by 1 */
export function layoutCaption(
  photo: { readonly width: number; readonly height: number },
  texts: CaptionTexts,
  measure: Measure,
): CaptionLayout {
  const scale = Math.min(1, LONGEST / photo.width, (LONGEST - CAPTION_MOST) / photo.height);
  const shown = {
    width: Math.max(1, Math.round(photo.width * scale)),
    height: Math.max(1, Math.round(photo.height * scale)),
  };
  const width = Math.max(NARROWEST, shown.width);
  const unit = Math.min(42, Math.max(17, width / 36));
  const pad = Math.round(unit * 0.9);
  const room = width - 2 * pad;
  const written: TextAt[] = [];
  let y = shown.height + pad;
  const write = (text: string, size: number, weight: Weight, tone: TextAt['tone'], x = pad) => {
    // Letters stand a little above the foot of their line.
    written.push({ text, x, baseline: y + size, size, weight, tone });
  };

  const titleSize = unit * 1.4;
  const fits = (text: string) => measure(text, titleSize, 'bold') <= room;
  for (const line of wrap(texts.title, TITLE_LINES, fits)) {
    write(line, titleSize, 'bold', 'ink');
    y += titleSize * 1.25;
  }
  const small = unit * 0.9;
  if (texts.other !== null) {
    write(
      cut(texts.other, (text) => measure(text, small, 'plain') <= room),
      small,
      'plain',
      'soft',
    );
    y += small * 1.4;
  }
  y += unit * 0.3;
  const mark = { width: unit * 1.1, height: unit * 1.1 };
  const brandWidth = measure(texts.brand, small, 'bold');
  const brandX = width - pad - brandWidth;
  const left = brandX - mark.width - unit - pad;
  write(
    cut(texts.confidence, (text) => measure(text, small, 'plain') <= left),
    small,
    'plain',
    'ink',
  );
  write(texts.brand, small, 'bold', 'soft', brandX);
  const markBox = {
    x: brandX - unit * 0.35 - mark.width,
    y: y + small - mark.height * 0.88,
    ...mark,
  };
  y += small * 1.4 + pad * 0.6;
  return {
    width,
    height: Math.ceil(y),
    photo: { x: Math.round((width - shown.width) / 2), y: 0, ...shown },
    texts: written,
    mark: markBox,
  };
}

/** Lines that fit, broken between words, or between Chinese characters; the last is cut where more is left. */
export function wrap(
  text: string,
  most: number,
  fits: (line: string) => boolean,
): readonly string[] {
  const pieces = text.trim().match(/\p{Script=Han}|[^\s\p{Script=Han}]+|\s+/gu) ?? [];
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const piece of pieces) {
    if (line !== '' && !fits((line + piece).trimEnd())) {
      if (lines.length === most - 1) break;
      lines.push(line.trimEnd());
      line = '';
    }
    line += line === '' ? piece.trimStart() : piece;
    used += piece.length;
  }
  lines.push(line + text.trim().slice(used));
  return lines.map((one) => cut(one.trim(), fits));
}

/** The text itself, or as much of its beginning as fits, with an ellipsis. */
export function cut(text: string, fits: (text: string) => boolean): string {
  if (fits(text)) return text;
  const letters = [...text];
  let [low, high] = [0, letters.length];
  const short = (n: number) => letters.slice(0, n).join('').trimEnd() + ELLIPSIS;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(short(middle))) low = middle;
    else high = middle - 1;
  }
  return short(low);
}
