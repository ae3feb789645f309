// What a button was pressed for and did not happen: in sight wherever the page is scrolled to, until it is dismissed or
// something works.
import { useApp, useWords } from '../app.ts';
import { CloseIcon } from './icons.tsx';

export function FailureNote() {
  const { failure } = useApp();
  const { t } = useWords();
  const said = failure.value;
  if (said === null) return null;
  return (
    <div class="notice failure-note" role="alert" data-testid="failure">
      <p>{said}</p>
      <button
        type="button"
        class="button button--icon"
        aria-label={t.notices.dismiss}
        title={t.notices.dismiss}
        onClick={() => {
          failure.value = null;
        }}
      >
        <CloseIcon />
      </button>
    </div>
  );
}
