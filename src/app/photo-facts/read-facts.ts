// Reads EXIF by exifreader: a chunk of its own, loaded when the first verdict is there.
import { load } from 'exifreader';
import { exifPart } from './exif-part.ts';
import { factsOf, type PhotoFacts, type RawTags, TAGS } from './facts.ts';

/**
 * What a photo says of itself; null where it says nothing that can be read.
 * exifreader follows each directory once and decodes four times the bytes it is given at most, which are few: a file
 * made to keep it busy does not.
 * @param now milliseconds since 1970
 */
export async function readFacts(photo: Blob, now: number): Promise<PhotoFacts | null> {
  try {
    const bytes = await exifPart(photo);
    return bytes && factsOf(readTags(bytes), now);
  } catch {
    return null; // no photo, a damaged one, or a file that is gone: it says nothing
  }
}

/** Throws all kinds of errors where there is no EXIF. */
function readTags(bytes: ArrayBuffer): RawTags {
  const { exif = {} } = load(bytes, { expanded: true, includeTags: { exif: [...TAGS] } });
  return exif as RawTags; // every value is checked where it is read
}
