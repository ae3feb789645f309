// Which place of the page is open, told by the hash of the address: plain links.
import { computed, type ReadonlySignal, signal } from '@preact/signals';

export const PLACES = ['recognize', 'teach', 'collections', 'about'] as const;
export type Place = (typeof PLACES)[number];

/** The link to a place; Recognize is the bare one. */
export function placeHref(place: Place): string {
  return place === 'recognize' ? '#/' : `#/${place}`;
}

/** The list of landmarks, a part of Collections with an address of its own. */
export const LANDMARKS_HREF = '#/landmarks';

/** What the hash says: a place, the part of it that is shown, and what is asked of it. */
export interface Route {
  readonly place: Place;
  /** Of Collections: its list of landmarks instead of what is installed. */
  readonly landmarks: boolean;
  readonly query: URLSearchParams;
}

/** Unknown addresses lead to Recognize rather than to an empty page. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [name] = path.split('/');
  const landmarks = name === 'landmarks';
  const place = landmarks ? 'collections' : PLACES.find((one) => one === name);
  return { place: place ?? 'recognize', landmarks, query: new URLSearchParams(query) };
}

/** The link that offers the collection of an address to whoever opens it. @param page the page's own address */
export function shareHref(page: string, url: string): string {
  return `${page.replace(/#.*$/s, '')}${placeHref('collections')}?${new URLSearchParams({ add: url })}`;
}

export interface Router {
  readonly place: ReadonlySignal<Place>;
  readonly route: ReadonlySignal<Route>;
  go(place: Place): void;
  /** What the address asked for has been dealt with: loading the page anew does not ask again. */
  clearQuery(): void;
}

export function createRouter(): Router {
  const route = signal(parseRoute(location.hash));
  const place = computed(() => route.value.place);
  addEventListener('hashchange', () => {
    // The skip link changes the hash as well; it stays where it is.
    if (location.hash === '' || location.hash.startsWith('#/')) {
      route.value = parseRoute(location.hash);
    }
  });
  return {
    place,
    route,
    go(to) {
      if (place.peek() !== to) location.hash = placeHref(to);
    },
    clearQuery() {
      const bare = location.hash.replace(/\?.*$/s, '');
      history.replaceState(history.state, '', bare);
      route.value = parseRoute(bare);
    },
  };
}
