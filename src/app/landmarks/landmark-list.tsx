// The searchable list of what can be recognized: the open collections, and what was taught.
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { LANGUAGE_TAG, otherLanguage } from '../i18n/messages.ts';
import { SearchIcon } from '../shell/icons.tsx';
import { FORMATS } from '../shell/settings.ts';
import {
  filterLandmarks,
  type ListedLandmark,
  listLandmarks,
  SORTS,
  type Sort,
  sortLandmarks,
} from './filter.ts';

/** A pause in typing after which the number of results is announced, ms. */
const PAUSE = 700;

export function LandmarkList() {
  const { engine, settings, announcer } = useApp();
  const { t, f } = useWords();
  const query = useSignal('');
  const sort = useSignal<Sort>('name');
  const all = useComputed(() => {
    const language = settings.language.value;
    const list = listLandmarks(engine.labels.value, language, FORMATS);
    return sortLandmarks(list, sort.value, FORMATS[language].compare);
  });
  const shown = useComputed(() => filterLandmarks(all.value, query.value));

  const total = all.value.length;
  const found = shown.value.length;
  const searching = query.value.trim() !== '';
  const tally = searching
    ? t.landmarks.foundOf(found, f.count(found), f.count(total))
    : t.landmarks.found(total, f.count(total));

  useEffect(() => {
    if (!searching) return;
    const timer = setTimeout(() => announcer.say(tally), PAUSE);
    return () => clearTimeout(timer);
  }, [searching, tally, announcer]);

  return (
    <section aria-labelledby="landmarks-title">
      <h2 id="landmarks-title" class="unseen">
        {t.landmarks.title}
      </h2>
      <search class="finder">
        <label class="finder__field" for="landmark-search">
          <span class="finder__label">{t.landmarks.search}</span>
          <span class="finder__box">
            <SearchIcon />
            <input
              id="landmark-search"
              type="search"
              autocomplete="off"
              spellcheck={false}
              placeholder={t.landmarks.searchHint}
              data-testid="landmark-search"
              value={query.value}
              onInput={({ currentTarget }) => {
                query.value = currentTarget.value;
              }}
            />
          </span>
        </label>
        <label class="finder__field finder__field--sort" for="landmark-sort">
          <span class="finder__label">{t.landmarks.sort}</span>
          <select
            id="landmark-sort"
            data-testid="landmark-sort"
            value={sort.value}
            onChange={({ currentTarget }) => {
              sort.value = SORTS.find((one) => one === currentTarget.value) ?? 'name';
            }}
          >
            <option value="name">{t.landmarks.sortName}</option>
            <option value="country">{t.landmarks.sortCountry}</option>
            <option value="photos">{t.landmarks.sortPhotos}</option>
          </select>
        </label>
      </search>
      {total === 0 ? (
        <p class="place__note">
          {
            {
              failed: t.landmarks.unavailable,
              loading: t.landmarks.loading,
              ready: t.landmarks.nothing,
            }[engine.status.value.state]
          }
        </p>
      ) : (
        <p class="finder__tally" data-testid="landmark-count" data-count={found}>
          {tally}
        </p>
      )}
      {searching && total > 0 && found === 0 && (
        <div class="place__note">
          <p>{t.landmarks.none(query.value.trim())}</p>
          <button
            type="button"
            class="button"
            onClick={() => {
              query.value = '';
              document.getElementById('landmark-search')?.focus();
            }}
          >
            {t.landmarks.clearSearch}
          </button>
        </div>
      )}
      <ul class="landmarks">
        {shown.value.map((landmark) => (
          <Landmark key={landmark.facts.label} landmark={landmark} />
        ))}
      </ul>
    </section>
  );
}

function Landmark({ landmark }: { readonly landmark: ListedLandmark }) {
  const { t, f, language } = useWords();
  const { facts, title, other, country } = landmark;
  return (
    <li class="landmark" data-testid="landmark-item" data-label={facts.label}>
      <p class="landmark__title">{title}</p>
      {other && (
        <p class="landmark__other" lang={LANGUAGE_TAG[otherLanguage(language)]}>
          {other}
        </p>
      )}
      <p class="landmark__facts">
        <span>{country ?? t.landmarks.noCountry}</span>
        <span class="landmark__photos">
          {t.landmarks.photos(facts.photos, f.count(facts.photos))}
        </span>
      </p>
    </li>
  );
}
