// Small copies of photos: from the page's memory, or read from storage once they come near the view.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { PhotoIcon } from '../shell/icons.tsx';
import { useBlobUrl } from '../shell/use-blob-url.ts';

/** How far outside the view pictures are read ahead. */
const AHEAD = '1200px';

interface PictureProps {
  readonly alt: string;
}

/** The small copy of a taught photo; a sign where none is kept. */
export function StoredPicture({ id, alt }: PictureProps & { readonly id: string }) {
  const { engine } = useApp();
  const { t } = useWords();
  const blob = useSignal<Blob | null>(null);
  const place = useRef<HTMLSpanElement>(null);

  useEffect(() => {
    let gone = false;
    const read = () =>
      engine.teaching.picture(id).then(
        (picture) => {
          if (picture && !gone) blob.value = picture.blob;
        },
        () => undefined, // the sign stays
      );
    // Thousands of photos are not read at once.
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        void read();
      },
      { rootMargin: AHEAD },
    );
    if (place.current) observer.observe(place.current);
    return () => {
      gone = true;
      observer.disconnect();
    };
  }, [id, engine, blob]);

  if (blob.value) return <BlobPicture blob={blob.value} alt={alt} />;
  return (
    <span ref={place} class="thumb__blank" role="img" aria-label={`${alt}. ${t.teach.noPicture}`}>
      <PhotoIcon />
    </span>
  );
}

export function BlobPicture({ blob, alt }: PictureProps & { readonly blob: Blob }) {
  const url = useBlobUrl(blob);
  return url === null ? null : <img src={url} alt={alt} decoding="async" />;
}
