// What the photos' worker does for a page.
import { copyByDecoder, type PhotoCopy } from './photo-copy.ts';

export class PhotoService {
  /**
   * @param longestSide of the copy, in pixels
   * @throws CairnError `photo-*`; `download-failed` where what reads HEIC could not be fetched
   */
  copy(photo: Blob, longestSide: number): Promise<PhotoCopy> {
    return copyByDecoder(photo, longestSide);
  }
}
