// The views of the places. Recognize is there from the start; the others are fetched once they are wanted.
import { signal } from '@preact/signals';
import { RecognizePlace } from '../recognize/recognize-place.tsx';
import { PLACES, type Place } from './router.ts';

export type View = () => preact.JSX.Element;

const LOADERS: Readonly<Record<Exclude<Place, 'recognize'>, () => Promise<View>>> = {
  teach: async () => (await import('../teach/teach-place.tsx')).TeachPlace,
  collections: async () => (await import('../collections/collections-place.tsx')).CollectionsPlace,
  about: async () => (await import('../about/about-place.tsx')).AboutPlace,
};

export type PlaceView =
  | { readonly state: 'loading' }
  | { readonly state: 'failed' }
  | { readonly state: 'shown'; readonly View: View };

const LOADING: PlaceView = { state: 'loading' };
const views = signal<Partial<Record<Place, PlaceView>>>({
  recognize: { state: 'shown', View: RecognizePlace },
});

/** What there is to show of a place; a component that reads it is rendered anew when that changes. */
export function placeView(place: Place): PlaceView {
  return views.value[place] ?? LOADING;
}

/** Fetches the view of a place, unless it is there or on its way. A failure shows in {@link placeView}. */
export async function loadPlace(place: Place): Promise<void> {
  const now = views.peek()[place];
  if (place === 'recognize' || (now && now.state !== 'failed')) return;
  const set = (view: PlaceView) => {
    views.value = { ...views.peek(), [place]: view };
  };
  set(LOADING);
  try {
    set({ state: 'shown', View: await LOADERS[place]() });
  } catch {
    // The browser says of a script that did not come no more than that.
    set({ state: 'failed' });
  }
}

/** Ahead of time, so that a place opens at once and is there when the network is gone. */
export function loadPlaces(): void {
  for (const place of PLACES) void loadPlace(place);
}
