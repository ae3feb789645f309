// The texts of the map, of what a photo says of itself, and of laying it over a reference, in English.
import type { MarkKind } from '../map/marks.ts';
import type { Step } from '../map/projections.ts';

const steps = {
  world: 'World',
  continent: 'Continent',
  country: 'Country',
} satisfies Record<Step, string>;

const kinds = {
  landmark: 'Recognized',
  photo: 'Where the photo says it was taken',
  'runner-up': 'Less likely',
} satisfies Record<MarkKind, string>;

export const map = {
  summary: 'Where it is',
  summaryFacts: 'What the photo says',
  summaryName: (summary: string, name: string) => `${summary}: ${name}`,
  loading: 'The map is on its way.',
  failed: 'The map could not be loaded. The places are in the list.',
  alt: (title: string, country: string | null, step: string) =>
    `Map with ${title} marked${country ? `, in ${country}` : ''}. It shows: ${step.toLowerCase()}. The list gives every place on it.`,
  photo: 'the place where the photo was taken',
  zoom: 'How much the map shows',
  steps,
  list: 'On the map',
  kinds,
  away: (coordinates: string, distance: string) => `${coordinates}; ${distance} away`,
  takenApart: (distance: string) => `${distance} from where the photo was taken`,
  source:
    'Drawn on this device from Natural Earth at 1 : 50 million: good for the region, not for streets. Borders are shown as they are in practice, and take no side.',
  credit:
    'Map: made with Natural Earth, which is in the public domain, by way of the package world-atlas.',
  facts: {
    title: 'The photo says',
    taken: 'Taken',
    camera: 'Camera',
    place: 'Place',
    localTime: (time: string) => `${time} (camera’s clock)`,
    zonedTime: (time: string, offset: string) => `${time} (UTC${offset})`,
    note: 'This stands in the file. It was read on this device, stays here, and is not used for the verdict. It can be wrong.',
  },
};

export const compare = {
  title: 'Photo and taught photo, one over the other',
  note: 'The photo that you taught is bent so that the details that agree lie over each other. Move the divider.',
  apartNote:
    'The two were taken from places too different to lay one over the other, so they stand side by side.',
  slider: (name: string) => `Divider between the photo ${name} and the one that you taught`,
  value: (share: string) => `${share} of the width shows the photo`,
  photo: 'Photo',
  reference: 'The one you taught',
};
