// The invitation: what Cairn does in one sentence, and a big target for photos; compact once in use.
import { useApp, useWords } from '../app.ts';
import { TakePhoto } from '../camera/take-photo.tsx';
import { useServiceHosts } from '../services/use-service-hosts.ts';
import { PhotoIcon } from '../shell/icons.tsx';
import { Narrow } from './narrow.tsx';
import { PickPhotos } from './pick-photos.tsx';
import { Scene } from './scene.tsx';
import { useAddPhotos } from './use-add-photos.ts';

export function DropPanel() {
  const { queue } = useApp();
  const { t } = useWords();
  const hosts = useServiceHosts();
  const addPhotos = useAddPhotos();
  const busy = queue.items.value.length > 0;

  return (
    <section class={busy ? 'drop drop--busy' : 'drop'} aria-labelledby="recognize-title">
      <Scene />
      <div class="drop__words">
        <h1 id="recognize-title" class="drop__title" tabIndex={-1}>
          {busy ? t.recognize.titleBusy : t.recognize.title}
        </h1>
        {!busy && (
          <p class="drop__lead">
            {hosts === '' ? t.recognize.lead : t.services.leadElsewhere(hosts)}
          </p>
        )}
      </div>
      <div class="drop__ways">
        <PickPhotos
          id="file-input"
          look="pick--main"
          button="button button--main"
          describedBy="drop-hint"
          onPick={addPhotos}
        >
          <PhotoIcon />
          {t.recognize.choose}
        </PickPhotos>
        <TakePhoto id="camera-input" words={t.recognize.camera} onPick={addPhotos} />
        <Narrow />
        <p id="drop-hint" class="drop__hint">
          {t.recognize.hint}
        </p>
      </div>
    </section>
  );
}
