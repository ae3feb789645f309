// Photos from anywhere: dropped on any part of the page or pasted, whichever place is open.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { carriesFiles, photosFromDrop, photosFromPaste } from './intake.ts';
import { useAddPhotos } from './use-add-photos.ts';

export function DropLayer() {
  const { announcer } = useApp();
  const { t } = useWords();
  const addPhotos = useAddPhotos();
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
      photosFromDrop(event.dataTransfer).then(addPhotos, () => addPhotos([]));
    });
    on('paste', (event) => {
      if ((event.clipboardData?.files.length ?? 0) === 0) return; // text goes where it is pasted
      event.preventDefault();
      addPhotos(photosFromPaste(event.clipboardData));
    });
    return () => listen.abort();
  }, [addPhotos, announcer]);

  if (!dragging.value) return null;
  return (
    <div class="drop-layer" aria-hidden="true">
      <p class="drop-layer__text">{t.recognize.dropHere}</p>
    </div>
  );
}
