// The frame around the places: skip link, header, state, notices, the place itself, the voice.
import { useEffect, useRef } from 'preact/hooks';
import { AboutPlace } from '../about/about-place.tsx';
import { useApp, useWords } from '../app.ts';
import { CollectionsPlace } from '../collections/collections-place.tsx';
import { Arrivals } from '../offline/arrivals.tsx';
import { DropLayer } from '../recognize/drop-layer.tsx';
import { RecognizePlace } from '../recognize/recognize-place.tsx';
import { TeachPlace } from '../teach/teach-place.tsx';
import { EngineStrip } from './engine-strip.tsx';
import { Header } from './header.tsx';
import { Notices } from './notices.tsx';
import type { Place } from './router.ts';

const VIEWS: Readonly<Record<Place, () => preact.JSX.Element>> = {
  recognize: RecognizePlace,
  teach: TeachPlace,
  collections: CollectionsPlace,
  about: AboutPlace,
};

export function Shell() {
  const { router } = useApp();
  const { t } = useWords();
  const place = router.place.value;
  const main = useRef<HTMLElement>(null);
  const arrived = useRef(place);

  useEffect(() => {
    document.title = `${t.nav[place]} · ${t.app.name}`;
  }, [place, t]);

  useEffect(() => {
    if (arrived.current === place) return; // the first place does not steal the focus
    arrived.current = place;
    scrollTo(0, 0);
    main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [place]);

  const View = VIEWS[place];
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
        <View />
      </main>
      <DropLayer />
      <Arrivals />
      <Voice />
    </>
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
