// The photo as the browser shows it, turned by its EXIF: for small copies and for pictures to save.

/** @throws DOMException where the browser cannot decode it, or the address is gone */
export async function shownPicture(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.decoding = 'async';
  image.src = url;
  await image.decode();
  return image;
}
