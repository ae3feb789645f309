// Files that come from outside the page: shared by another app, or opened with this one.
import { useEffect } from 'preact/hooks';
import { SHARED_QUERY, takeShared } from '../../offline/shared-photos.ts';
import { useApp } from '../app.ts';
import { photosFromFiles } from '../recognize/intake.ts';
import { useAddPhotos } from '../recognize/use-add-photos.ts';

/** Chromium's; not in TypeScript's types. */
declare global {
  interface Window {
    readonly launchQueue?: {
      setConsumer(
        take: (launch: { readonly files?: readonly FileSystemFileHandle[] }) => void,
      ): void;
    };
  }
}

export function Arrivals() {
  const { router } = useApp();
  const addPhotos = useAddPhotos();
  const key = router.route.value.query.get(SHARED_QUERY);

  useEffect(() => {
    if (key === null) return;
    router.clearQuery();
    if (!('caches' in globalThis)) return; // only pages from a secure address have them: nothing was shared
    const place = { caches, scope: new URL('./', document.baseURI).href };
    takeShared(place, key).then(
      // A key that was used before has nothing more to give.
      (files) => files.length > 0 && addPhotos(photosFromFiles(files)),
      () => addPhotos([]),
    );
  }, [key, router, addPhotos]);

  useEffect(() => {
    window.launchQueue?.setConsumer(({ files = [] }) => {
      if (files.length === 0) return; // opened without any
      Promise.all(files.map((file) => file.getFile())).then(
        (opened) => addPhotos(photosFromFiles(opened)),
        () => addPhotos([]),
      );
    });
  }, [addPhotos]);

  return null;
}
