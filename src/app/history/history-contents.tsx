// What the history folds out: whether it is kept, what finds things in it, the entries themselves.
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { headline } from '../recognize/result-text.ts';
import { useWording } from '../results/use-wording.ts';
import { FORMATS } from '../shell/settings.ts';
import { useAct } from '../shell/use-act.ts';
import { findable, findEntries, type HistoryQuery } from './find.ts';
import { HistoryEntryRow, useKnown } from './history-entry.tsx';
import { HistoryFinder } from './history-finder.tsx';
import { HistoryKeeping } from './history-keeping.tsx';

/** Shown at first, and added by each "show more". */
const PAGE = 30;
/** A pause in typing after which the number of results is announced, ms. */
const PAUSE = 700;
const EVERYTHING: HistoryQuery = { text: '', kind: 'all', day: '' };

export function HistoryContents() {
  const { engine, announcer } = useApp();
  const { t, f } = useWords();
  const { history } = engine;
  const query = useSignal(EVERYTHING);
  const most = useSignal(PAGE);
  const all = useComputed(() => findable(history.state.value?.entries ?? [], FORMATS));
  const found = useComputed(() => findEntries(all.value, query.value));

  const state = history.state.value;
  const total = all.value.length;
  const matching = found.value.length;
  const searching = query.value !== EVERYTHING;
  const tally = t.history.found(matching, f.count(matching), f.count(total));
  useEffect(() => {
    if (!searching) return;
    const timer = setTimeout(() => announcer.say(tally), PAUSE);
    return () => clearTimeout(timer);
  }, [searching, tally, announcer]);

  function ask(asked: HistoryQuery) {
    const { text, kind, day } = asked;
    query.value = text.trim() === '' && kind === 'all' && day === '' ? EVERYTHING : asked;
    most.value = PAGE;
  }

  if (!state) return <p class="history__note">{t.history.loading}</p>;
  const more = Math.min(PAGE, matching - most.value);
  return (
    <div class="history__contents">
      <HistoryKeeping state={state} />
      {total > 0 && <HistoryFinder query={query.value} onChange={ask} />}
      <Removed />
      {searching && (
        <p class="history__found" data-testid="history-found" data-count={matching}>
          {matching > 0 ? tally : t.history.none}{' '}
          <button
            type="button"
            class="button"
            data-testid="history-reset"
            onClick={() => {
              ask(EVERYTHING);
              document.getElementById('history-search')?.focus();
            }}
          >
            {t.history.reset}
          </button>
        </p>
      )}
      <ul class="history__list" id="history-list">
        {found.value.slice(0, most.value).map((entry) => (
          <HistoryEntryRow key={entry.key} entry={entry} />
        ))}
      </ul>
      {more > 0 && (
        <button
          type="button"
          class="button"
          data-testid="history-more"
          onClick={() => {
            const next = found.value[most.value]?.key;
            most.value += PAGE;
            // On to the first of the new ones: the button may be gone.
            requestAnimationFrame(() => {
              const rows = document.querySelectorAll<HTMLElement>('#history-list > li');
              const row = [...rows].find((one) => one.dataset.key === next);
              row?.querySelector<HTMLElement>('summary')?.focus();
            });
          }}
        >
          {t.history.more(more, f.count(more))}
        </button>
      )}
    </div>
  );
}

/** The entry that was deleted last, and the way back. */
function Removed() {
  const { engine } = useApp();
  const { t } = useWords();
  const act = useAct();
  const { history } = engine;
  const entry = history.removed.value;
  const wording = useWording(useKnown(entry));
  if (!entry) return null;
  const { photo } = entry.result;
  const title = headline(entry.result, wording);
  return (
    <div class="history__removed" data-testid="history-removed">
      <p>{t.history.deleted(title, photo)}</p>
      <button
        id="history-undo"
        type="button"
        class="button"
        data-testid="history-undo"
        onClick={() =>
          void act(() => history.undo(), t.history.undone(title, photo), 'history-search')
        }
      >
        {t.history.undo}
      </button>
    </div>
  );
}
