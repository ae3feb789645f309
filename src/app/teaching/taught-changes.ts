// Changes to what was taught, as functions of what is there: the landmark that a title means, photos added, gone and
// brought back.
import type { LabelFacts } from '../../retrieval/labels.ts';
import type { TaughtLabel, TaughtRow } from '../../retrieval/taught-collection.ts';
import { freshLabel, isTitleOf, photoIds } from './merge-taught.ts';

/**
 * Facts of the landmark that a title means: one taught, one of the default collection, or a new one.
 * @param taught those that may get photos of this title
 * @param known of the default collection
 * @param kept label of a landmark that is renamed, for as long as no other one is meant
 */
export function factsOf(
  title: string,
  taught: readonly LabelFacts[],
  known: readonly LabelFacts[],
  kept?: string,
): LabelFacts {
  const trimmed = title.trim();
  const same = [...taught, ...known].find((one) => isTitleOf(trimmed, one));
  if (same) {
    const { label, country, lat, lon, wikidata } = same;
    return { label, title: same.title, country, lat, lon, wikidata };
  }
  return {
    label: kept ?? freshLabel(),
    title: { en: trimmed, zh: trimmed },
    country: null,
    lat: null,
    lon: null,
    wikidata: null,
  };
}

/** The photos that are not there yet, under any landmark, added to this one. */
export function withPhotos(
  labels: readonly TaughtLabel[],
  facts: LabelFacts,
  photos: readonly TaughtRow[],
): readonly TaughtLabel[] {
  const taken = photoIds(labels);
  const fresh = photos
    .filter(({ id }) => !taken.has(id))
    .map(({ id, embedding }): TaughtRow => ({ id, embedding }));
  const there = labels.findIndex((one) => one.facts.label === facts.label);
  const old = labels[there];
  if (old) return labels.with(there, { ...old, photos: [...old.photos, ...fresh] });
  return fresh.length > 0 ? [...labels, { facts, photos: fresh }] : labels;
}

/** Without these photos; landmarks that have none left go. */
export function withoutPhotos(
  labels: readonly TaughtLabel[],
  gone: ReadonlySet<string>,
): readonly TaughtLabel[] {
  if (gone.size === 0) return labels;
  return labels
    .map((one) => ({ ...one, photos: one.photos.filter(({ id }) => !gone.has(id)) }))
    .filter(({ photos }) => photos.length > 0);
}

/**
 * With a landmark as it was before a removal: what was added since stays.
 * @param at its place then, which it gets again where the whole landmark is gone
 */
export function withRestored(
  labels: readonly TaughtLabel[],
  was: TaughtLabel,
  at: number,
): readonly TaughtLabel[] {
  const now = labels.find((one) => one.facts.label === was.facts.label);
  const old = new Set(was.photos.map(({ id }) => id));
  const added = now?.photos.filter(({ id }) => !old.has(id)) ?? [];
  const back = { facts: now?.facts ?? was.facts, photos: [...was.photos, ...added] };
  return now ? labels.map((one) => (one === now ? back : one)) : labels.toSpliced(at, 0, back);
}
