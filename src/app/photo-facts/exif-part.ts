// The part of a photo's file in which EXIF is to be looked for: as little as its format allows, and never more than
// a bound, so that no file can make reading it long.

/** JPEG, PNG, AVIF and HEIC have it before their pixels, as cameras write them; a JPEG segment has 64 KiB at most. */
export const HEAD_BYTES = 128 * 1024;
/** WebP has it behind the pixels, in a chunk of its own. */
const MOST_CHUNKS = 64;
const CHUNK_HEAD = 8;
const RIFF_HEAD = 12;

/** The bytes to read; null where there are none. Rejects where the file cannot be read. */
export async function exifPart(photo: Blob): Promise<ArrayBuffer | null> {
  const head = await photo.slice(0, HEAD_BYTES).arrayBuffer();
  if (!isWebp(head)) return head.byteLength > 0 ? head : null;
  let at = RIFF_HEAD;
  for (let chunk = 0; chunk < MOST_CHUNKS && at + CHUNK_HEAD <= photo.size; chunk++) {
    const view = new DataView(await photo.slice(at, at + CHUNK_HEAD).arrayBuffer());
    const length = view.getUint32(4, true);
    const start = at + CHUNK_HEAD;
    if (latin1(view, 0) === 'EXIF') return exifChunk(photo, start, length);
    at = start + length + (length % 2);
  }
  return null;
}

/** Some writers begin it as JPEG does. */
async function exifChunk(photo: Blob, start: number, length: number): Promise<ArrayBuffer> {
  const part = await photo.slice(start, start + Math.min(length, HEAD_BYTES)).arrayBuffer();
  const marked = part.byteLength > 6 && latin1(new DataView(part), 0) === 'Exif';
  return marked ? part.slice(6) : part;
}

function isWebp(head: ArrayBuffer): boolean {
  if (head.byteLength < RIFF_HEAD) return false;
  const view = new DataView(head);
  return latin1(view, 0) === 'RIFF' && latin1(view, 8) === 'WEBP';
}

function latin1(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}
