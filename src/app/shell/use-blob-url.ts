// An object URL of a blob, owned by the component that shows it.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Made once the component is drawn, revoked when it shows another blob or goes; null until then, and without a blob. */
export function useBlobUrl(blob: Blob | null): string | null {
  const made = useSignal<{ readonly blob: Blob; readonly url: string } | null>(null);
  useEffect(() => {
    if (!blob) return;
    const url = URL.createObjectURL(blob);
    made.value = { blob, url };
    return () => {
      URL.revokeObjectURL(url);
      made.value = null;
    };
  }, [blob, made]);
  // Not that of the blob before, which is about to be revoked.
  return made.value && made.value.blob === blob ? made.value.url : null;
}
