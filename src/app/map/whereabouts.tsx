// Where a landmark is and what the photo says of itself: a part of the card. The map itself is a chunk of its own,
// loaded when the first one comes near the view.
import { signal, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Verdict } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import type { PhotoFacts } from '../photo-facts/facts.ts';
import { usePhotoFacts } from '../photo-facts/use-facts.ts';
import type { PhotoItem } from '../recognize/queue-state.ts';
import { useLazy } from '../shell/use-lazy.ts';
import { distanceText } from './distance-text.ts';
import { ListSign } from './mark-sign.tsx';
import { type MapContent, type Mark, mapContent } from './marks.ts';

/** How far outside the view maps are drawn ahead. */
const AHEAD = '400px';

/** Whether the user wants to see this: one fold changes it for the photos to come. */
const unfolded = signal(true);

interface WhereaboutsProps {
  readonly item: PhotoItem;
  readonly verdict: Verdict;
}

/** Nothing where there is neither a place nor anything that the photo says. */
export function Whereabouts({ item, verdict }: WhereaboutsProps) {
  const { labels } = useApp();
  const { t, language } = useWords();
  const facts = usePhotoFacts(item.blob);
  const taken = facts?.position ?? null;
  // As it was when this came; from then on the user's.
  const open = useRef(unfolded.peek()).current;
  const known = labels.value;
  const content = useMemo(
    () => mapContent(verdict, known, language, taken),
    [verdict, known, language, taken],
  );
  if (!content && !facts) return null;
  const summary = content ? t.map.summary : t.map.summaryFacts;
  return (
    <details
      class="where"
      data-testid="where"
      open={open}
      onToggle={({ currentTarget }) => {
        unfolded.value = currentTarget.open;
      }}
    >
      <summary class="where__summary" data-testid="where-summary">
        <span aria-hidden="true">{summary}</span>
        <span class="unseen">{t.map.summaryName(summary, item.name)}</span>
      </summary>
      <div class={content ? 'where__grid' : 'where__grid where__grid--plain'}>
        {content && (
          <div class="where__map">
            <MapPlace content={content} />
            <p class="where__note">{t.map.source}</p>
          </div>
        )}
        <div class="where__words">
          {content && <MarkList content={content} />}
          {facts && <Facts facts={facts} />}
        </div>
      </div>
    </details>
  );
}

const loadMap = () => import('./world-map.tsx');

/** Room for the map, which is drawn once it comes near the view. */
function MapPlace({ content }: { readonly content: MapContent }) {
  const { t } = useWords();
  const place = useRef<HTMLDivElement>(null);
  const near = useSignal(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        near.value = true;
      },
      { rootMargin: AHEAD },
    );
    if (place.current) observer.observe(place.current);
    return () => observer.disconnect();
  }, [near]);
  const map = useLazy(loadMap, near.value);
  return (
    <div class="map__place" ref={place}>
      {map === null && <p class="map__wait">{t.map.loading}</p>}
      {map === 'failed' && <p class="map__wait">{t.map.failed}</p>}
      {map !== null && map !== 'failed' && <map.WorldMap content={content} />}
    </div>
  );
}

function MarkList({ content }: { readonly content: MapContent }) {
  const { t } = useWords();
  return (
    <div>
      <h4>{t.map.list}</h4>
      <ul class="where__list" data-testid="map-list">
        {content.marks.map((mark) => (
          <MarkLine key={mark.key} mark={mark} content={content} />
        ))}
      </ul>
    </div>
  );
}

function MarkLine({ mark, content }: { readonly mark: Mark; readonly content: MapContent }) {
  const { t, f, language } = useWords();
  const { kind, title, position, metres } = mark;
  const photo = content.marks.find((one) => one.kind === 'photo');
  const coordinates = f.coordinates(position.lat, position.lon);
  const apart = kind === 'landmark' ? (photo?.metres ?? null) : metres;
  const distance = apart === null ? null : distanceText(apart, language);
  return (
    <li class={`where__item where__item--${kind}`} data-testid="map-mark" data-kind={kind}>
      <ListSign kind={kind} />
      <span>
        <span class="where__name">{title || t.map.kinds.photo}</span>
        {kind !== 'photo' && <span class="unseen"> ({t.map.kinds[kind]})</span>}
      </span>
      <span class="where__about">
        {kind === 'runner-up' && distance ? t.map.away(coordinates, distance) : coordinates}
      </span>
      {kind === 'landmark' && distance && (
        <span class="where__about" data-testid="map-distance">
          {t.map.takenApart(distance)}
        </span>
      )}
    </li>
  );
}

function Facts({ facts }: { readonly facts: PhotoFacts }) {
  const { t, f } = useWords();
  const { taken, position, camera } = facts;
  const words = t.map.facts;
  const time = taken && f.clockTime(taken.shown);
  return (
    <div data-testid="photo-facts">
      <h4>{words.title}</h4>
      <dl class="numbers">
        {taken && time && (
          <Fact
            name={words.taken}
            value={taken.offset ? words.zonedTime(time, taken.offset) : words.localTime(time)}
          />
        )}
        {position && <Fact name={words.place} value={f.coordinates(position.lat, position.lon)} />}
        {camera && <Fact name={words.camera} value={camera} />}
      </dl>
      <p class="where__note">{words.note}</p>
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div class="numbers__row">
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}
