// What a folder would teach, before it starts: names to change, landmarks to leave out, the room that it needs.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from '../../app.ts';
import type { Draft, DraftLandmark } from '../../teaching/building/building.ts';
import { problemOf } from '../../teaching/building/draft.ts';
import { LONGEST } from '../new-landmark.tsx';
import { useNameHint } from '../use-name-hint.ts';
import { asideText } from './build-text.ts';
import { Aside, Buttons, PickFolder } from './parts.tsx';

export function PlanForm({ draft }: { readonly draft: Draft }) {
  const { engine, announcer } = useApp();
  const { t, f } = useWords();
  const { build } = t.teach;
  const { landmarks, plan, error } = draft;
  const tried = useSignal(false);
  const wanted = landmarks.filter(({ included }) => included);
  const photos = wanted.reduce((sum, one) => sum + one.photos, 0);
  const problem = problemOf(draft);
  const noRoom = problem === 'no-room' || problem === 'no-room-at-all';
  const hintOf = useNameHint();

  function submit(event: Event) {
    event.preventDefault();
    if (!problem) {
      void engine.building.start();
      return;
    }
    tried.value = true;
    announcer.say(build.problems[problem]);
    if (problem === 'no-name') {
      const nameless = landmarks.findIndex((one) => one.included && one.title.trim() === '');
      document.getElementById(`build-name-${nameless}`)?.focus();
    } else if (problem === 'no-room') document.getElementById('build-copies')?.focus();
  }

  return (
    <form class="build__plan" aria-labelledby="build-title" onSubmit={submit} data-testid="plan">
      <p class="build__sum" data-testid="plan-sum">
        {build.sum(wanted.length, f.count(wanted.length), photos, f.count(photos))}
      </p>
      <Aside told={asideText(plan.aside, t, f)} />
      <ul class="build__landmarks" aria-label={build.landmarks}>
        {landmarks.map((landmark, place) => (
          <Row
            key={landmark.folder}
            landmark={landmark}
            place={place}
            hint={landmark.included ? hintOf(landmark.title) : null}
            missing={tried.value}
          />
        ))}
      </ul>
      <Room draft={draft} />
      {error && (
        <p class="lesson__failure">
          {t.errors[error.code].what} {t.errors[error.code].remedy}
        </p>
      )}
      {problem && (tried.value || noRoom) && (
        <p class="lesson__failure" data-testid="plan-problem" data-problem={problem}>
          {build.problems[problem]}
        </p>
      )}
      <Buttons>
        <button
          type="submit"
          class="button button--main"
          aria-disabled={noRoom}
          data-testid="build-start"
        >
          {build.start(photos, f.count(photos))}
        </button>
        <PickFolder>{build.chooseOther}</PickFolder>
        <button
          type="button"
          class="button button--quiet"
          data-testid="build-cancel"
          onClick={() => void engine.building.dismiss()}
        >
          {t.teach.cancel}
        </button>
      </Buttons>
    </form>
  );
}

interface RowProps {
  readonly landmark: DraftLandmark;
  readonly place: number;
  /** On a name that is known already. */
  readonly hint: string | null;
  /** Whether a name that is missing shows as missing. */
  readonly missing: boolean;
}

function Row({ landmark, place, hint, missing }: RowProps) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const { build } = t.teach;
  const { title, included, photos, folder } = landmark;
  return (
    <li class="build__row" data-testid="plan-landmark" data-included={included}>
      <input
        type="checkbox"
        id={`build-use-${place}`}
        checked={included}
        aria-label={build.include(title || folder)}
        data-testid="plan-include"
        onChange={({ currentTarget }) => engine.building.include(place, currentTarget.checked)}
      />
      <div class="field">
        <input
          type="text"
          id={`build-name-${place}`}
          autocomplete="off"
          maxLength={LONGEST.title}
          value={title}
          disabled={!included}
          aria-label={build.nameOf(folder)}
          aria-describedby={`build-hint-${place}`}
          aria-invalid={missing && included && title.trim() === ''}
          data-testid="plan-name"
          onInput={({ currentTarget }) => engine.building.rename(place, currentTarget.value)}
        />
        <span class="field__hint" id={`build-hint-${place}`}>
          {t.teach.photos(photos, f.count(photos))}
          {hint && <> · {hint}</>}
        </span>
      </div>
    </li>
  );
}

/** The room that it needs, and what can be done without. */
function Room({ draft: { room, copies } }: { readonly draft: Draft }) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const { build } = t.teach;
  const { rows, copies: forCopies, left } = room;
  const needed = f.bytes(copies ? rows + forCopies : rows);
  const box = useRef<HTMLInputElement>(null);
  const fits = left === null || rows + forCopies <= left;
  useEffect(() => {
    if (!fits) box.current?.scrollIntoView({ block: 'nearest' });
  }, [fits]);
  return (
    <div class="build__room" data-testid="plan-room">
      <p>{left === null ? build.needs(needed) : build.needsOf(needed, f.bytes(left))}</p>
      <label class="build__check">
        <input
          ref={box}
          type="checkbox"
          id="build-copies"
          checked={copies}
          aria-describedby="build-copies-hint"
          data-testid="build-copies"
          onChange={({ currentTarget }) => void engine.building.keepCopies(currentTarget.checked)}
        />
        <span>{build.copies(f.bytes(forCopies))}</span>
      </label>
      <p class="field__hint" id="build-copies-hint">
        {build.withoutCopies}
      </p>
    </div>
  );
}
