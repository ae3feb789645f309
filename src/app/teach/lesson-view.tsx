// The lesson under way, photo by photo, and afterwards what became of each.
import { useApp, useWords } from '../app.ts';
import { errorText } from '../i18n/error-text.ts';
import { landmarkName } from '../recognize/names.ts';
import type { Lesson, LessonPhoto } from './lesson.ts';

export function LessonView() {
  const { lessons, engine } = useApp();
  const { t, f } = useWords();
  const lesson = lessons.lesson.value;
  if (!lesson) return null;
  const running = lesson.state === 'running';
  const settled = lesson.photos.filter(
    ({ outcome: { at } }) => at !== 'waiting' && at !== 'working',
  ).length;
  const total = lesson.photos.length;
  return (
    <section
      class="lesson"
      aria-labelledby="lesson-title"
      data-testid="lesson"
      data-state={lesson.state}
      data-taught={lesson.taught}
    >
      <div class="lesson__head">
        <h2 id="lesson-title">{title(lesson, t.teach)}</h2>
        <p class="lesson__tally">{t.teach.doneOf(f.count(settled), f.count(total))}</p>
        <button
          type="button"
          class="button button--quiet"
          data-testid={running ? 'lesson-stop' : 'lesson-dismiss'}
          onClick={() => (running ? lessons.stop() : lessons.dismiss())}
        >
          {running ? t.teach.stop : t.teach.dismiss}
        </button>
      </div>
      {running && (
        <progress class="lesson__bar" aria-labelledby="lesson-title" max={total} value={settled} />
      )}
      {running && engine.status.value.state !== 'ready' && (
        <p class="field__hint">{t.teach.waitEngine}</p>
      )}
      {lesson.error && <Failure error={lesson.error} />}
      {lesson.taught === 1 && <p class="field__hint">{t.teach.moreHelps}</p>}
      <ol class="lesson__photos">
        {lesson.photos.map((photo, place) => (
          <Photo key={place} photo={photo} />
        ))}
      </ol>
    </section>
  );
}

function title(
  lesson: Lesson,
  t: {
    batch: (name: string) => string;
    batchDone: (name: string) => string;
    announceNone: (name: string) => string;
  },
): string {
  if (lesson.state === 'running') return t.batch(lesson.title);
  return lesson.taught > 0 ? t.batchDone(lesson.title) : t.announceNone(lesson.title);
}

function Failure({ error }: { readonly error: NonNullable<Lesson['error']> }) {
  const { t } = useWords();
  const { what, remedy } = errorText(t, error);
  return (
    <p class="lesson__failure">
      {what} {remedy}
    </p>
  );
}

function Photo({ photo: { name, outcome } }: { readonly photo: LessonPhoto }) {
  const { labels } = useApp();
  const { t, language } = useWords();
  const { at } = t.teach;
  const said =
    outcome.at === 'duplicate'
      ? at.duplicate(landmarkName(labels.value, outcome.label, language).title)
      : outcome.at === 'failed'
        ? at.failed(errorText(t, outcome.error).what)
        : at[outcome.at];
  const standing = outcome.at === 'waiting' ? 'ahead' : outcome.at === 'working' ? 'now' : 'past';
  return (
    <li
      class={`stages__step stages__step--${standing} lesson__photo`}
      data-testid="lesson-photo"
      data-at={outcome.at}
    >
      <span class="pebble" aria-hidden="true" />
      <span class="lesson__name">{name}</span>
      <span>{said}</span>
    </li>
  );
}
