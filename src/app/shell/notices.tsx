// Things worth knowing that stop nothing, such as a fall-back to WASM; each can be dismissed.
import { useSignal } from '@preact/signals';
import { useApp, useWords } from '../app.ts';
import { UpdateNotice } from '../offline/update-notice.tsx';
import { CloseIcon } from './icons.tsx';

/** Beside the ids of the engine's notices. */
const UPDATE = 'update';

export function Notices() {
  const { engine, offline } = useApp();
  const { t } = useWords();
  const dismissed = useSignal<ReadonlySet<string>>(new Set());
  const shown = engine.notices.value.filter(({ id }) => !dismissed.value.has(id));
  const update = offline.update.value && !dismissed.value.has(UPDATE);
  if (shown.length === 0 && !update) return null;
  return (
    <aside class="notices" aria-label={t.notices.label}>
      {update && (
        <UpdateNotice
          onDismiss={() => {
            dismissed.value = new Set([...dismissed.value, UPDATE]);
          }}
        />
      )}
      {shown.map(({ id, detail }) => (
        <div class="notice" key={id} data-testid="notice" data-id={id}>
          <div>
            <p>{t.notices.text[id]}</p>
            {detail && (
              <details class="fine">
                <summary>{t.engine.details}</summary>
                <p>{detail}</p>
              </details>
            )}
          </div>
          <button
            type="button"
            class="button button--icon"
            aria-label={t.notices.dismiss}
            title={t.notices.dismiss}
            onClick={() => {
              dismissed.value = new Set([...dismissed.value, id]);
            }}
          >
            <CloseIcon />
          </button>
        </div>
      ))}
    </aside>
  );
}
