// Copies of photos for the page, whatever the browser itself can read: the one way to a picture of a photo's file.
import { bridgePhotos } from '../../workers/spawn.ts';
import { copyByBrowser, type KnownPhoto, type PhotoCopy } from '../imaging/photo-copy.ts';
import { sniffPhoto } from '../imaging/sniff.ts';

/** Longest side of the copies that stand in for photos which the browser cannot show, in pixels. */
const SHOWN_SIDE = 2048;
/** As many bytes as tell a format. */
const HEAD = 256;

let worker: ReturnType<typeof bridgePhotos> | undefined;

/**
 * @param longestSide of the copy, in pixels; never larger than the photo
 * @throws CairnError `photo-*`; `download-failed` where what reads HEIC could not be fetched
 */
export async function copyPhoto(
  photo: Blob,
  longestSide: number,
  known?: KnownPhoto,
): Promise<PhotoCopy> {
  const heic = known ? known.mime === 'image/heic' : await isHeic(photo);
  if (!heic) return copyByBrowser(photo, longestSide, known);
  // Safari reads HEIC by itself.
  return copyByBrowser(photo, longestSide, known).catch(() => {
    worker ??= bridgePhotos();
    return worker.api.copy(photo, longestSide);
  });
}

/**
 * A copy to show in place of a photo that the browser cannot show.
 * @param url an object URL of the photo
 * @returns null where the browser shows the photo itself, or nothing can be made of it
 */
export async function copyToShow(photo: Blob, url: string): Promise<PhotoCopy | null> {
  try {
    if (!(await isHeic(photo)) || (await showsItself(url))) return null;
    return await copyPhoto(photo, SHOWN_SIDE);
  } catch {
    return null; // recognition says what is wrong with it
  }
}

async function isHeic(photo: Blob): Promise<boolean> {
  try {
    const head = new Uint8Array(await photo.slice(0, HEAD).arrayBuffer());
    return sniffPhoto(head) === 'image/heic';
  } catch {
    return false; // another kind of file, or none that can be read
  }
}

async function showsItself(url: string): Promise<boolean> {
  const image = new Image();
  image.src = url;
  return image.decode().then(
    () => true,
    () => false,
  );
}
