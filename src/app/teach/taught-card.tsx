// One taught landmark: its name and note, its photos, and what can be done with them.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { PickPhotos } from '../recognize/pick-photos.tsx';
import { CloseIcon } from '../shell/icons.tsx';
import { useAct } from '../shell/use-act.ts';
import type { TaughtLandmark } from '../teaching/teaching.ts';
import { nameOf } from './name-of.ts';
import { LONGEST } from './new-landmark.tsx';
import { StoredPicture } from './picture.tsx';

/** Photos shown before the rest is asked for: folders of thousands are taught, too. */
const FIRST = 12;

interface TaughtCardProps {
  readonly landmark: TaughtLandmark;
  readonly onRemove: () => void;
}

export function TaughtCard({ landmark, onRemove }: TaughtCardProps) {
  const { engine } = useApp();
  const { t, f, language } = useWords();
  const act = useAct();
  const editing = useSignal(false);
  const { facts, photos, note, known } = landmark;
  const name = nameOf(facts, language);
  const titleId = `taught-${facts.label}`;
  const count = photos.length;
  const whole = useSignal(false);
  const shown = whole.value ? photos : photos.slice(0, FIRST);
  return (
    <li
      class="taught__card"
      data-testid="taught-landmark"
      data-label={facts.label}
      data-photos={count}
    >
      <article aria-labelledby={titleId}>
        {editing.value ? (
          <Rename
            landmark={landmark}
            onDone={() => {
              editing.value = false;
            }}
          />
        ) : (
          <div class="taught__head">
            <h3 id={titleId} class="taught__name" tabIndex={-1}>
              {name}
            </h3>
            <p class="taught__facts">
              <span>{t.teach.photos(count, f.count(count))}</span>
              {known && <span>{t.teach.known}</span>}
              {count < 2 && !known && <span>{t.teach.fewPhotos}</span>}
            </p>
            {note && <p class="taught__note">{note}</p>}
          </div>
        )}
        <ul class="thumbs">
          {shown.map(({ id }, i) => {
            const place = f.count(i + 1);
            const said = t.teach.removePhoto(place, name);
            return (
              <li class="thumb" key={id} data-testid="taught-photo">
                <StoredPicture id={id} alt={t.teach.photoAlt(name, place)} />
                <button
                  type="button"
                  class="button button--icon thumb__remove"
                  aria-label={said}
                  title={said}
                  onClick={() =>
                    act(
                      () => engine.teaching.removePhoto(facts.label, id),
                      t.teach.removedPhotos(name, 1, f.count(1)),
                      'taught-undo',
                    )
                  }
                >
                  <CloseIcon />
                </button>
              </li>
            );
          })}
        </ul>
        {shown.length < count && (
          <button
            type="button"
            class="button button--quiet"
            aria-label={t.teach.build.showAllOf(name, f.count(count))}
            data-testid="taught-all"
            onClick={() => {
              whole.value = true;
            }}
          >
            {t.teach.build.showAll(f.count(count))}
          </button>
        )}
        {!editing.value && (
          <div class="taught__actions">
            <AddPhotos landmark={landmark} />
            <button
              type="button"
              class="button button--quiet"
              aria-label={t.teach.editName(name)}
              data-testid="taught-rename"
              onClick={() => {
                editing.value = true;
              }}
            >
              {t.teach.edit}
            </button>
            <button
              type="button"
              class="button button--quiet"
              aria-label={t.teach.removeName(name)}
              data-testid="taught-remove"
              onClick={onRemove}
            >
              {t.teach.remove}
            </button>
          </div>
        )}
      </article>
    </li>
  );
}

function AddPhotos({ landmark: { facts } }: { readonly landmark: TaughtLandmark }) {
  const { lessons } = useApp();
  const { t, language } = useWords();
  const name = nameOf(facts, language);
  return (
    <PickPhotos
      id={`add-${facts.label}`}
      button="button button--quiet"
      name={t.teach.addName(name)}
      disabled={lessons.lesson.value?.state === 'running'}
      onPick={(photos) => void lessons.add(name, photos)}
    >
      {t.teach.add}
    </PickPhotos>
  );
}

function Rename({
  landmark,
  onDone,
}: {
  readonly landmark: TaughtLandmark;
  readonly onDone: () => void;
}) {
  const { engine } = useApp();
  const { t, language } = useWords();
  const act = useAct();
  const { facts } = landmark;
  const title = useSignal(nameOf(facts, language));
  const note = useSignal(landmark.note);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.select(), []);

  async function save(event: Event) {
    event.preventDefault();
    const name = title.value.trim();
    if (name === '') return;
    const change = () => engine.teaching.rename(facts.label, name, note.value);
    if (await act(change, t.teach.renamed(name), 'taught-title')) onDone();
  }

  return (
    <form class="taught__edit" onSubmit={save}>
      <label class="field">
        <span class="field__label">{t.teach.name}</span>
        <input
          ref={first}
          type="text"
          required
          autocomplete="off"
          maxLength={LONGEST.title}
          value={title.value}
          data-testid="rename-title"
          onInput={({ currentTarget }) => {
            title.value = currentTarget.value;
          }}
        />
      </label>
      <label class="field">
        <span class="field__label">{t.teach.note}</span>
        <input
          type="text"
          autocomplete="off"
          maxLength={LONGEST.note}
          value={note.value}
          onInput={({ currentTarget }) => {
            note.value = currentTarget.value;
          }}
        />
      </label>
      <div class="taught__actions">
        <button type="submit" class="button" data-testid="rename-save">
          {t.teach.save}
        </button>
        <button type="button" class="button button--quiet" onClick={onDone}>
          {t.teach.cancel}
        </button>
      </div>
    </form>
  );
}
