// Says that a newer version of the page waits, and switches over when nothing is under way.
import { useApp, useWords } from '../app.ts';
import { CloseIcon } from '../shell/icons.tsx';

export function UpdateNotice({ onDismiss }: { readonly onDismiss: () => void }) {
  const { offline } = useApp();
  const { t } = useWords();
  const busy = offline.busy.value;
  return (
    <div class="notice" data-testid="update-notice">
      <div>
        <p>{t.offline.updateReady}</p>
        <p class="fine" id="update-hint">
          {busy ? t.offline.updateBusy : t.offline.updateHint}
        </p>
      </div>
      <div class="notice__actions">
        <button
          type="button"
          class="button"
          aria-disabled={busy}
          aria-describedby="update-hint"
          data-testid="update-switch"
          onClick={() => offline.switchOver()}
        >
          {t.offline.switchOver}
        </button>
        <button
          type="button"
          class="button button--icon"
          aria-label={t.notices.dismiss}
          title={t.notices.dismiss}
          onClick={onDismiss}
        >
          <CloseIcon />
        </button>
      </div>
    </div>
  );
}
