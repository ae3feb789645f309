// Which place of the page is open, told by the hash of the address: plain links, no history tricks.
import { type ReadonlySignal, signal } from '@preact/signals';

export const PLACES = ['recognize', 'teach', 'landmarks', 'about'] as const;
export type Place = (typeof PLACES)[number];

/** The link to a place; Recognize is the bare one. */
export function placeHref(place: Place): string {
  return place === 'recognize' ? '#/' : `#/${place}`;
}

/** Unknown addresses lead to Recognize rather than to an empty page. */
export function parsePlace(hash: string): Place {
  const name = hash.replace(/^#\/?/, '').split(/[/?]/)[0];
  return PLACES.find((place) => place === name) ?? 'recognize';
}

export interface Router {
  readonly place: ReadonlySignal<Place>;
  go(place: Place): void;
}

export function createRouter(): Router {
  const place = signal(parsePlace(location.hash));
  addEventListener('hashchange', () => {
    // The skip link changes the hash as well; it stays where it is.
    if (location.hash === '' || location.hash.startsWith('#/')) {
      place.value = parsePlace(location.hash);
    }
  });
  return {
    place,
    go(to) {
      if (place.peek() !== to) location.hash = placeHref(to);
    },
  };
}
