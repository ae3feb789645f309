// What finds entries of the history: words, a kind of answer, a day.
import { useWords } from '../app.ts';
import { SearchIcon } from '../shell/icons.tsx';
import { type HistoryQuery, KIND_FILTERS } from './find.ts';

interface HistoryFinderProps {
  readonly query: HistoryQuery;
  readonly onChange: (query: HistoryQuery) => void;
}

export function HistoryFinder({ query, onChange }: HistoryFinderProps) {
  const { t } = useWords();
  return (
    <search class="finder history__finder">
      <label class="finder__field" for="history-search">
        <span class="finder__label">{t.history.search}</span>
        <span class="finder__box">
          <SearchIcon />
          <input
            id="history-search"
            type="search"
            autocomplete="off"
            spellcheck={false}
            placeholder={t.history.searchHint}
            data-testid="history-search"
            value={query.text}
            onInput={({ currentTarget }) => onChange({ ...query, text: currentTarget.value })}
          />
        </span>
      </label>
      <label class="finder__field" for="history-kind">
        <span class="finder__label">{t.history.kind}</span>
        <select
          id="history-kind"
          data-testid="history-kind"
          value={query.kind}
          onChange={({ currentTarget }) => {
            const kind = KIND_FILTERS.find((one) => one === currentTarget.value) ?? 'all';
            onChange({ ...query, kind });
          }}
        >
          {KIND_FILTERS.map((kind) => (
            <option key={kind} value={kind}>
              {t.history.kinds[kind]}
            </option>
          ))}
        </select>
      </label>
      <label class="finder__field" for="history-day">
        <span class="finder__label">{t.history.day}</span>
        <input
          id="history-day"
          class="history__day"
          type="date"
          data-testid="history-day"
          value={query.day}
          onInput={({ currentTarget }) => onChange({ ...query, day: currentTarget.value })}
        />
      </label>
    </search>
  );
}
