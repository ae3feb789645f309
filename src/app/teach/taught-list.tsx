// What was taught: each landmark with its photos, and the way back from the last removal.
import { useSignal } from '@preact/signals';
import { useApp, useWords } from '../app.ts';
import { useAct } from '../shell/use-act.ts';
import { KeepingPanel } from './keeping-panel.tsx';
import { nameOf } from './name-of.ts';
import { RemoveDialog } from './remove-dialog.tsx';
import { TaughtCard } from './taught-card.tsx';

export function TaughtList() {
  const { engine } = useApp();
  const { t } = useWords();
  const removing = useSignal<string | null>(null);
  const landmarks = engine.teaching.landmarks.value;
  const doomed = landmarks.find(({ facts }) => facts.label === removing.value) ?? null;
  return (
    <section class="taught" aria-labelledby="taught-title">
      <h2 id="taught-title" tabIndex={-1}>
        {t.teach.taughtTitle}
      </h2>
      <UndoBar />
      {landmarks.length === 0 ? (
        <p class="field__hint">{t.teach.taughtNone}</p>
      ) : (
        <ul class="taught__list">
          {landmarks.map((landmark) => (
            <TaughtCard
              key={landmark.facts.label}
              landmark={landmark}
              onRemove={() => {
                removing.value = landmark.facts.label;
              }}
            />
          ))}
        </ul>
      )}
      <KeepingPanel />
      <RemoveDialog
        landmark={doomed}
        onClose={() => {
          removing.value = null;
        }}
      />
    </section>
  );
}

/** What was removed last, until it is undone or something else is removed. */
function UndoBar() {
  const { engine } = useApp();
  const { t, f, language } = useWords();
  const act = useAct();
  const removal = engine.teaching.removal.value;
  if (!removal) return null;
  const name = nameOf(removal.facts, language);
  const { photos, whole } = removal;
  return (
    <div class="notice taught__undo">
      <p>{whole ? t.teach.removed(name) : t.teach.removedPhotos(name, photos, f.count(photos))}</p>
      <button
        type="button"
        id="taught-undo"
        class="button"
        data-testid="taught-undo"
        onClick={() => act(() => engine.teaching.undo(), t.teach.undone(name), 'taught-title')}
      >
        {t.teach.undo}
      </button>
    </div>
  );
}
