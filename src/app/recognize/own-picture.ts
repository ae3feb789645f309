// The small copy of a taught photo, as an address for as long as a component shows it.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp } from '../app.ts';
import { useBlobUrl } from '../shell/use-blob-url.ts';

/** Null until it is read, and where the copy is gone. @param id as `VerifiedReference.picture` names it */
export function useOwnPicture(id: string): string | null {
  const { engine } = useApp();
  const read = useSignal<{ readonly id: string; readonly blob: Blob } | null>(null);
  useEffect(() => {
    let gone = false;
    engine.teaching.picture(id).then(
      (picture) => {
        if (picture && !gone) read.value = { id, blob: picture.blob };
      },
      () => undefined, // as where it is gone
    );
    return () => {
      gone = true;
    };
  }, [id, engine, read]);
  // Not the picture of another photo while this one's is read.
  return useBlobUrl(read.value?.id === id ? read.value.blob : null);
}
