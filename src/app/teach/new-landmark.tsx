// The form for a new landmark: its name, a note, and photos from files, camera, drop or clipboard.
import { useSignal } from '@preact/signals';
import { useApp, useWords } from '../app.ts';
import { TakePhoto } from '../camera/take-photo.tsx';
import { PickPhotos } from '../recognize/pick-photos.tsx';
import { useAddPhotos } from '../recognize/use-add-photos.ts';
import { CloseIcon, PhotoIcon } from '../shell/icons.tsx';
import { LONGEST_TITLE } from '../teaching/building/folder-plan.ts';
import { useNameHint } from './use-name-hint.ts';

/** Longer names break verdicts and lists; longer notes belong elsewhere. */
export const LONGEST = { title: LONGEST_TITLE, note: 300 } as const;

export function NewLandmark() {
  const { lessons, announcer } = useApp();
  const { t, f } = useWords();
  const missing = useSignal<'name' | 'photos' | null>(null);
  const hintOf = useNameHint();
  const title = lessons.title.value;
  const count = lessons.staged.value.length;
  const running = lessons.lesson.value?.state === 'running';

  function submit(event: Event) {
    event.preventDefault();
    if (running) return;
    missing.value = title.trim() === '' ? 'name' : count === 0 ? 'photos' : null;
    if (missing.value === null) {
      void lessons.start();
      return;
    }
    const inName = missing.value === 'name';
    announcer.say(inName ? t.teach.needName : t.teach.needPhotos);
    document.getElementById(inName ? 'teach-name' : 'teach-files')?.focus();
  }

  return (
    <form class="teach" aria-labelledby="teach-new" onSubmit={submit} data-testid="teach-form">
      <div class="teach__words">
        <h2 id="teach-new">{t.teach.newTitle}</h2>
        <label class="field" for="teach-name">
          <span class="field__label">{t.teach.name}</span>
          <input
            id="teach-name"
            type="text"
            autocomplete="off"
            maxLength={LONGEST.title}
            value={title}
            aria-describedby="teach-name-hint"
            aria-invalid={missing.value === 'name' && title.trim() === ''}
            data-testid="teach-name"
            onInput={({ currentTarget }) => lessons.write(currentTarget.value, lessons.note.peek())}
          />
          <span id="teach-name-hint" class="field__hint">
            {hintOf(title) ?? t.teach.nameHint}
          </span>
        </label>
        <label class="field" for="teach-note">
          <span class="field__label">{t.teach.note}</span>
          <input
            id="teach-note"
            type="text"
            autocomplete="off"
            maxLength={LONGEST.note}
            value={lessons.note.value}
            onInput={({ currentTarget }) =>
              lessons.write(lessons.title.peek(), currentTarget.value)
            }
          />
        </label>
      </div>
      <div class="teach__photos">
        <Pickers />
        {count > 0 && <Staged />}
      </div>
      <div class="teach__go">
        <button
          type="submit"
          class="button button--main"
          aria-disabled={running}
          data-testid="teach-start"
        >
          {count > 0 ? t.teach.startCount(count, f.count(count)) : t.teach.start}
        </button>
        <p class="field__hint" data-testid="teach-hint">
          {missing.value === 'name' && title.trim() === '' && t.teach.needName}
          {missing.value === 'photos' && count === 0 && t.teach.needPhotos}
          {missing.value === null && count < 2 && t.teach.moreHelps}
        </p>
      </div>
    </form>
  );
}

function Pickers() {
  const { t } = useWords();
  const addPhotos = useAddPhotos();

  return (
    <div class="teach__pickers">
      <PickPhotos
        id="teach-files"
        look="pick--teach"
        button="button"
        describedBy="teach-files-hint"
        onPick={addPhotos}
      >
        <PhotoIcon />
        {t.teach.choose}
      </PickPhotos>
      <TakePhoto id="teach-camera" words={t.teach.camera} onPick={addPhotos} />
      <p id="teach-files-hint" class="teach__drop-hint">
        {t.teach.hint}
      </p>
    </div>
  );
}

function Staged() {
  const { lessons } = useApp();
  const { t } = useWords();

  function unstage(id: number) {
    lessons.unstage(id);
    document.getElementById('teach-files')?.focus();
  }

  return (
    <ul class="thumbs" aria-label={t.teach.staged}>
      {lessons.staged.value.map(({ id, name, url }) => (
        <li class="thumb" key={id} data-testid="staged-photo">
          <img src={url} alt={name} decoding="async" />
          <button
            type="button"
            class="button button--icon thumb__remove"
            aria-label={t.teach.unstage(name)}
            title={t.teach.unstage(name)}
            onClick={() => unstage(id)}
          >
            <CloseIcon />
          </button>
        </li>
      ))}
    </ul>
  );
}
