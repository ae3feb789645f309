// Photos from anywhere: dropped on any part of the page or pasted, whichever place is open.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { useGiveFolder } from '../teach/build/use-give-folder.ts';
import { foldersFromDrop } from '../teaching/building/folder-files.ts';
import {
  carriesFiles,
  looseFiles,
  photosFromDrop,
  photosFromFiles,
  photosFromPaste,
} from './intake.ts';
import { useAddPhotos } from './use-add-photos.ts';

export function DropLayer() {
  const { router } = useApp();
  const { t } = useWords();
  const addPhotos = useAddPhotos();
  const giveFolder = useGiveFolder();
  const dragging = useSignal(false);

  useEffect(() => {
    // Enter and leave come for every element that the pointer crosses: count them.
    let depth = 0;
    const listen = new AbortController();
    const on = <K extends keyof DocumentEventMap>(
      type: K,
      handle: (event: DocumentEventMap[K]) => void,
    ) => document.addEventListener(type, handle, { signal: listen.signal });

    on('dragenter', (event) => {
      if (!carriesFiles(event.dataTransfer)) return;
      depth++;
      dragging.value = true;
    });
    on('dragleave', (event) => {
      if (!carriesFiles(event.dataTransfer)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) dragging.value = false;
    });
    on('dragover', (event) => {
      if (!event.dataTransfer || !carriesFiles(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
    });
    on('drop', (event) => {
      if (!event.dataTransfer || !carriesFiles(event.dataTransfer)) return;
      event.preventDefault();
      depth = 0;
      dragging.value = false;
      if (router.place.peek() === 'teach') {
        const folders = foldersFromDrop(event.dataTransfer);
        const photos = photosFromFiles(looseFiles(event.dataTransfer));
        if (folders) giveFolder(folders);
        if (photos.length > 0 || !folders) addPhotos(photos);
        return;
      }
      photosFromDrop(event.dataTransfer).then(addPhotos, () => addPhotos([]));
    });
    on('paste', (event) => {
      if ((event.clipboardData?.files.length ?? 0) === 0) return; // text goes where it is pasted
      event.preventDefault();
      addPhotos(photosFromPaste(event.clipboardData));
    });
    return () => listen.abort();
  }, [addPhotos, giveFolder, router]);

  if (!dragging.value) return null;
  return (
    <div class="drop-layer" aria-hidden="true">
      <p class="drop-layer__text">
        {router.place.value === 'collections' ? t.collections.drop : t.recognize.dropHere}
      </p>
    </div>
  );
}
