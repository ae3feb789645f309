// Asks before a collection is deleted.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { useAct } from '../shell/use-act.ts';
import type { ListedCollection } from './collections.ts';

/** Takes the focus when a button is gone with its collection. */
export const LIST_TITLE = 'collections-list-title';

export function DeleteButton({ collection }: { readonly collection: ListedCollection }) {
  const { t } = useWords();
  const asking = useSignal(false);
  const { name } = collection;
  return (
    <>
      <button
        type="button"
        class="button button--quiet"
        aria-label={t.collections.deleteName(name)}
        data-testid="collection-delete"
        onClick={() => {
          asking.value = true;
        }}
      >
        {t.collections.delete}
      </button>
      {asking.value && (
        <DeleteDialog
          collection={collection}
          onClose={() => {
            asking.value = false;
          }}
        />
      )}
    </>
  );
}

interface DeleteDialogProps {
  readonly collection: ListedCollection;
  readonly onClose: () => void;
}

function DeleteDialog({ collection, onClose }: DeleteDialogProps) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const act = useAct();
  const dialog = useRef<HTMLDialogElement>(null);
  const { name, origin } = collection;
  const size = f.bytes(collection.bytes);
  const texts = t.collections;

  useEffect(() => dialog.current?.showModal(), []);

  function remove() {
    dialog.current?.close();
    void act(() => engine.collections.remove(name), texts.deleted(name, size), LIST_TITLE);
  }

  return (
    <dialog ref={dialog} class="ask" aria-labelledby="delete-title" onClose={onClose}>
      <h2 id="delete-title">{texts.confirmTitle(name)}</h2>
      <p>
        {texts.confirmText(size)} {texts.confirmAgain[origin]}
      </p>
      <div class="ask__actions">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {texts.keepIt}
        </button>
        <button
          type="button"
          class="button button--accent"
          data-testid="confirm-delete"
          onClick={remove}
        >
          {texts.delete}
        </button>
      </div>
    </dialog>
  );
}
