// Files that no encoder here writes, byte by byte, for the fixture photos: BMP, and a profile of Adobe RGB.

interface Rgb {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3] */
  readonly data: Uint8Array;
}

interface BmpOptions {
  readonly bits: 4 | 16 | 24 | 32;
  readonly topDown?: boolean;
  readonly masks?: readonly [red: number, green: number, blue: number, alpha: number];
  /** 0..255 by column. */
  readonly alpha?: (x: number) => number;
  /** What the header says; nothing here compresses. */
  readonly compression?: number;
}

/** 16 greys: what pictures of 4 bits are drawn in. */
const GREYS = Array.from({ length: 16 }, (_, i) => i * 17);

export function bmpFile({ width, height, data }: Rgb, options: BmpOptions): Buffer {
  const { bits, topDown = false, masks, alpha = () => 255, compression } = options;
  const rowBytes = 4 * Math.ceil((width * bits) / 32);
  const header = masks ? 124 : 40;
  const table = bits === 4 ? 4 * GREYS.length : 0;
  const pixelsAt = 14 + header + table;
  const file = Buffer.alloc(pixelsAt + rowBytes * height);
  file.write('BM', 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(pixelsAt, 10);
  file.writeUInt32LE(header, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(topDown ? -height : height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  file.writeUInt32LE(compression ?? (masks ? 3 : 0), 30);
  file.writeUInt32LE(rowBytes * height, 34);
  masks?.forEach((mask, i) => void file.writeUInt32LE(mask, 54 + 4 * i));
  // Of version 5's header only the colour space is needed: sRGB.
  if (masks) file.write('BGRs', 70, 'latin1');
  for (const [i, grey] of table ? GREYS.entries() : []) {
    file.fill(grey, 14 + header + 4 * i, 14 + header + 4 * i + 3);
  }
  for (let y = 0; y < height; y++) {
    const row = pixelsAt + rowBytes * (topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const [r = 0, g = 0, b = 0] = data.subarray(3 * (y * width + x));
      if (bits === 4) {
        const level = Math.round((0.299 * r + 0.587 * g + 0.114 * b) / 17);
        const at = row + (x >> 1);
        file[at] = (file[at] ?? 0) | (level << (x % 2 === 0 ? 4 : 0));
      } else if (bits === 16) {
        const [five, six] = [(v: number) => Math.round((v * 31) / 255), Math.round((g * 63) / 255)];
        file.writeUInt16LE((five(r) << 11) | (six << 5) | five(b), row + 2 * x);
      } else {
        const at = row + (bits / 8) * x;
        file.set([b, g, r], at);
        if (bits === 32) file[at + 3] = masks ? alpha(x) : 0;
      }
    }
  }
  return file;
}

/** Adobe RGB (1998): primaries adapted to D50, as its specification's annex lists them, and its gamma, 563/256. */
export function adobeRgbProfile(): Buffer {
  const fixed = (values: readonly number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => void bytes.writeInt32BE(Math.round(value * 65536), 4 * i));
    return bytes;
  };
  const signed = (type: string, content: Buffer) =>
    Buffer.concat([Buffer.from(type, 'latin1'), Buffer.alloc(4), content]);
  const xyz = (...values: number[]) => signed('XYZ ', fixed(values));
  const curve = signed('curv', Buffer.from([0, 0, 0, 1, 563 >> 8, 563 & 255, 0, 0]));
  const name = 'Adobe RGB in a test';
  const text = Buffer.alloc(4 + name.length + 1 + 78);
  text.writeUInt32BE(name.length + 1);
  text.write(name, 4, 'latin1');
  const tags: readonly (readonly [string, Buffer])[] = [
    ['desc', signed('desc', text)],
    ['cprt', signed('text', Buffer.from('none\0', 'latin1'))],
    ['wtpt', xyz(0.9642, 1, 0.8249)],
    ['rXYZ', xyz(0.60974, 0.31111, 0.01947)],
    ['gXYZ', xyz(0.20528, 0.62567, 0.06087)],
    ['bXYZ', xyz(0.14919, 0.06322, 0.74457)],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ];
  const head = Buffer.alloc(128 + 4 + 12 * tags.length);
  head.writeUInt32BE(0x02400000, 8);
  head.write('mntrRGB XYZ ', 12, 'latin1');
  head.write('acsp', 36, 'latin1');
  fixed([0.9642, 1, 0.8249]).copy(head, 68);
  head.writeUInt32BE(tags.length, 128);
  const parts = [head];
  let at = head.length;
  for (const [i, [tag, content]] of tags.entries()) {
    head.write(tag, 132 + 12 * i, 'latin1');
    head.writeUInt32BE(at, 136 + 12 * i);
    head.writeUInt32BE(content.length, 140 + 12 * i);
    const padded = Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
    parts.push(padded);
    at += padded.length;
  }
  const profile = Buffer.concat(parts);
  profile.writeUInt32BE(profile.length, 0);
  return profile;
}
