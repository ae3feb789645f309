// The history below the photos: folded in, with how much there is; what it shows is fetched once it is folded out.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { useLazy } from '../shell/use-lazy.ts';

/** Folded out or not, for as long as the page lives: other places come between. */
const open = signal(false);

const loadContents = () => import('./history-contents.tsx');

export function HistorySection() {
  const { engine, settings } = useApp();
  const { t, f } = useWords();
  const { history } = engine;
  const count = history.state.value?.entries.length ?? 0;
  const off = !settings.keepsHistory.value;

  useEffect(() => void history.load(), [history]);

  return (
    <section class="history" aria-labelledby="history-title" data-testid="history">
      <details
        open={open.value}
        onToggle={({ currentTarget }) => {
          open.value = currentTarget.open;
        }}
      >
        <summary class="history__summary" data-testid="history-fold">
          <h2 id="history-title">{t.history.title}</h2>
          <span class="history__tally" data-testid="history-tally" data-count={count}>
            {off && count === 0 ? t.history.offShort : t.history.tally(count, f.count(count))}
          </span>
        </summary>
        {open.value && <FetchedContents />}
      </details>
    </section>
  );
}

function FetchedContents() {
  const { t } = useWords();
  const contents = useLazy(loadContents, true);
  if (contents === 'failed') {
    return (
      <div class="history__note">
        <p>{t.places.failed}</p>
        <p>{t.places.failedHint}</p>
      </div>
    );
  }
  return contents ? <contents.HistoryContents /> : <p class="history__note">{t.history.loading}</p>;
}
