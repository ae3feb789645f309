// Asks before a whole landmark is forgotten.
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { useAct } from '../shell/use-act.ts';
import type { TaughtLandmark } from '../teaching/teaching.ts';
import { nameOf } from './name-of.ts';

interface RemoveDialogProps {
  /** Which one; null while nothing is asked. */
  readonly landmark: TaughtLandmark | null;
  readonly onClose: () => void;
}

export function RemoveDialog({ landmark, onClose }: RemoveDialogProps) {
  const { engine } = useApp();
  const { t, f, language } = useWords();
  const act = useAct();
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    if (landmark) dialog.current?.showModal();
  }, [landmark]);

  if (!landmark) return null;
  const name = nameOf(landmark.facts, language);
  const { length } = landmark.photos;

  function remove() {
    const { label } = landmark!.facts;
    dialog.current?.close();
    void act(() => engine.teaching.remove(label), t.teach.removed(name), 'taught-undo');
  }

  return (
    <dialog ref={dialog} class="ask" aria-labelledby="ask-title" onClose={onClose}>
      <h2 id="ask-title">{t.teach.confirmTitle(name)}</h2>
      <p>{t.teach.confirmText(length, f.count(length))}</p>
      <div class="ask__actions">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {t.teach.keep}
        </button>
        <button
          type="button"
          class="button button--accent"
          data-testid="confirm-remove"
          onClick={remove}
        >
          {t.teach.remove}
        </button>
      </div>
    </dialog>
  );
}
