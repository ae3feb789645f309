// The frame around the places: skip link, header, state, notices, the place itself, the voice.
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { loadMessages, otherLanguage } from '../i18n/messages.ts';
import { Arrivals } from '../offline/arrivals.tsx';
import { DropLayer } from '../recognize/drop-layer.tsx';
import { EngineStrip } from './engine-strip.tsx';
import { FailureNote } from './failure-note.tsx';
import { Header } from './header.tsx';
import { Notices } from './notices.tsx';
import { loadPlace, loadPlaces, placeView } from './places.ts';

export function Shell() {
  const { engine, router, settings } = useApp();
  const { t } = useWords();
  const place = router.place.value;
  const view = placeView(place);
  const ready = engine.status.value.state === 'ready';
  const main = useRef<HTMLElement>(null);
  const arrived = useRef(place);

  useEffect(() => {
    document.title = `${t.nav[place]} · ${t.app.name}`;
  }, [place, t]);

  useEffect(() => void loadPlace(place), [place]);

  useEffect(() => {
    if (!ready) return;
    loadPlaces();
    // What fails here fails again, and tells, when the language is switched.
    loadMessages(otherLanguage(settings.language.peek())).catch(() => undefined);
  }, [ready, settings]);

  useEffect(() => {
    if (view.state === 'loading') return;
    if (arrived.current === place) return; // the first place does not steal the focus
    if (view.state === 'shown') arrived.current = place; // else the place comes when it is tried again
    scrollTo(0, 0);
    main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [place, view.state]);

  return (
    <>
      {/* The router leaves a hash alone that is no place. */}
      <a class="skip" href="#main">
        {t.app.skip}
      </a>
      <Header />
      <EngineStrip />
      <Notices />
      <main id="main" class="main" ref={main} tabIndex={-1}>
        {view.state === 'shown' && <view.View />}
        {view.state === 'loading' && <p class="place__lead">{t.places.loading}</p>}
        {view.state === 'failed' && <PlaceFailed onRetry={() => void loadPlace(place)} />}
      </main>
      <DropLayer />
      <Arrivals />
      <FailureNote />
      <Voice />
    </>
  );
}

function PlaceFailed({ onRetry }: { readonly onRetry: () => void }) {
  const { t } = useWords();
  return (
    <section data-testid="place-failed">
      <h1 class="place__title" tabIndex={-1}>
        {t.places.failed}
      </h1>
      <p class="place__lead">{t.places.failedHint}</p>
      <div class="button-row">
        <button type="button" class="button" onClick={onRetry}>
          {t.engine.retry}
        </button>
        {/* Some browsers remember that a script did not come, for as long as the page lives. */}
        <button
          type="button"
          class="button"
          title={t.offline.updateHint}
          onClick={() => location.reload()}
        >
          {t.places.reload}
        </button>
      </div>
    </section>
  );
}

/** A log: readers speak the lines that are added, and no line again because another came. */
function Voice() {
  const { announcer } = useApp();
  return (
    <div class="unseen" role="log" aria-live="polite" data-testid="live-region">
      {announcer.lines.value.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}
