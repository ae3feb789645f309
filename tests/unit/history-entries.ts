// Entries of the history with everything filled in, for tests.
import { entryOf, type HistoryEntry } from '../../src/app/history/record.ts';
import { labelMap } from '../../src/app/recognize/names.ts';
import type { Verdict } from '../../src/verdict.ts';
import { verdictOf } from './app-verdict.ts';

export const KNOWN = labelMap([
  {
    label: 'eiffel_tower',
    title: { en: 'Eiffel Tower', zh: '埃菲尔铁塔' },
    country: 'FR',
    lat: 48.85837,
    lon: 2.29448,
    wikidata: 'Q243',
    photos: 30,
  },
  {
    label: 'tokyo_tower',
    title: { en: 'Tokyo Tower', zh: '东京塔' },
    country: 'JP',
    lat: null,
    lon: null,
    wikidata: null,
    photos: 4,
  },
]);

export const TOWER: Partial<Verdict> = {
  label: 'eiffel_tower',
  confidence: 0.96,
  candidates: [
    { label: 'eiffel_tower', similarity: 0.83, votes: 3, inliers: 41 },
    { label: 'tokyo_tower', similarity: 0.61, votes: 1, inliers: null },
    { label: 'nobody_knows', similarity: 0.2, votes: 0, inliers: null },
  ],
};

interface Some {
  readonly photo?: string;
  readonly verdict?: Partial<Verdict>;
  /** Minutes after the first of January 2026, noon, where the test runs. */
  readonly minute?: number;
  readonly thumbnail?: Blob | null;
}

export function someEntry({
  photo = 'IMG_1.jpg',
  verdict = TOWER,
  minute = 0,
  thumbnail = null,
}: Some = {}): HistoryEntry {
  return entryOf({
    photo,
    verdict: verdictOf(verdict),
    labels: KNOWN,
    collections: ['Cairn default'],
    country: null,
    thumbnail,
    at: new Date(2026, 0, 1, 12, minute),
    mark: 'a1b2c3d4',
  });
}
