// Whether the browser turns PNGs as their EXIF says: WebKit turns JPEGs only.

/** Two pixels beside each other that are to be turned upright. */
export const SIDEWAYS =
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kAAAALSURBVHicY2D4DwABAgEAQr68aAAAAABJRU5ErkJggg==';

let turns: Promise<boolean> | undefined;

/** Looked up once. Never throws. */
export function turnsPngs(): Promise<boolean> {
  turns ??= (async () => {
    const bytes = Uint8Array.from(atob(SIDEWAYS), (one) => one.charCodeAt(0));
    const blob = new Blob([bytes], { type: 'image/png' });
    const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image' });
    const upright = bitmap.width === 1;
    bitmap.close();
    return upright;
  })().catch(() => true);
  return turns;
}
