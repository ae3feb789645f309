// The invitation: what Cairn does in one sentence, and a big target for photos; compact once in use.
import type { TargetedEvent } from 'preact';
import { useApp, useWords } from '../app.ts';
import { CameraIcon, PhotoIcon } from '../shell/icons.tsx';
import { photosFromFiles } from './intake.ts';
import { Scene } from './scene.tsx';
import { useAddPhotos } from './use-add-photos.ts';

export function DropPanel() {
  const { queue } = useApp();
  const { t } = useWords();
  const addPhotos = useAddPhotos();
  const busy = queue.items.value.length > 0;

  function picked(event: TargetedEvent<HTMLInputElement>) {
    const input = event.currentTarget;
    const photos = photosFromFiles(input.files ?? []);
    input.value = ''; // so that picking the same file again is a change
    if (photos.length > 0) addPhotos(photos);
  }

  return (
    <section class={busy ? 'drop drop--busy' : 'drop'} aria-labelledby="recognize-title">
      <Scene />
      <div class="drop__words">
        <h1 id="recognize-title" class="drop__title" tabIndex={-1}>
          {busy ? t.recognize.titleBusy : t.recognize.title}
        </h1>
        {!busy && <p class="drop__lead">{t.recognize.lead}</p>}
      </div>
      <div class="drop__ways">
        <span class="pick pick--main">
          <input
            id="file-input"
            class="unseen"
            type="file"
            accept="image/*"
            multiple
            aria-describedby="drop-hint"
            data-testid="file-input"
            onChange={picked}
          />
          <label class="button button--main" for="file-input">
            <PhotoIcon />
            {t.recognize.choose}
          </label>
        </span>
        <span class="pick pick--camera">
          <input
            id="camera-input"
            class="unseen"
            type="file"
            accept="image/*"
            capture="environment"
            data-testid="camera-input"
            onChange={picked}
          />
          <label class="button" for="camera-input">
            <CameraIcon />
            {t.recognize.camera}
          </label>
        </span>
        <p id="drop-hint" class="drop__hint">
          {t.recognize.hint}
        </p>
      </div>
    </section>
  );
}
