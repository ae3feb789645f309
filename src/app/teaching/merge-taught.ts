// Taught landmarks from elsewhere joined to those that are here: a name that is here gets the photos added.
import { randomId } from '../../random.ts';
import type { LabelFacts } from '../../retrieval/labels.ts';
import type { TaughtHead, TaughtLabel } from '../../retrieval/taught-collection.ts';
import { fold } from '../landmarks/filter.ts';

/** What is here. */
export interface TaughtHere {
  readonly labels: readonly TaughtLabel[];
  /** By label. */
  readonly notes: Readonly<Record<string, string>>;
}

/** What comes from elsewhere: labels may be anything, so that notes are no object's fields. */
export interface TaughtElsewhere {
  readonly labels: readonly TaughtLabel[];
  readonly notes: ReadonlyMap<string, string>;
}

export interface MergedTaught extends TaughtHere {
  /** Photos that came in, and landmarks that got any. */
  readonly added: { readonly landmarks: number; readonly photos: number };
}

/** What a fresh landmark is called where nobody reads it. */
export function freshLabel(): string {
  return `taught_${randomId().slice(0, 12)}`;
}

const FRESH_LABEL = /^taught_[0-9a-f]{12}$/;

/** Whether a title means this landmark, in either language. */
export function isTitleOf(
  title: string,
  { title: { en, zh } }: Pick<LabelFacts, 'title'>,
): boolean {
  const plain = fold(title);
  // A name of nothing but signs folds to nothing, and means only itself.
  return [en, zh].some((other) => other === title || (plain !== '' && fold(other) === plain));
}

export function sameEncoder(a: TaughtHead, b: TaughtHead): boolean {
  return (
    a.encoder.id === b.encoder.id &&
    a.encoder.weightsSha256 === b.encoder.weightsSha256 &&
    a.dimension === b.dimension
  );
}

export function photoIds(labels: readonly TaughtLabel[]): Set<string> {
  return new Set(labels.flatMap(({ photos }) => photos.map(({ id }) => id)));
}

/** @param known landmarks of the default collection */
export function mergeTaught(
  here: TaughtHere,
  given: TaughtElsewhere,
  known: readonly LabelFacts[],
): MergedTaught {
  const taken = photoIds(here.labels);
  const labels = [...here.labels];
  const notes = new Map(Object.entries(here.notes));
  const grown = new Set<string>();
  let count = 0;
  for (const { facts, photos } of given.labels) {
    const fresh = photos.filter(({ id }) => {
      const isFresh = !taken.has(id);
      taken.add(id);
      return isFresh;
    });
    if (fresh.length === 0) continue;
    const home = homeOf(facts, [...labels.map((one) => one.facts), ...known]);
    const at = labels.findIndex((one) => one.facts.label === home.label);
    const old = labels[at];
    if (old) labels[at] = { ...old, photos: [...old.photos, ...fresh] };
    else labels.push({ facts: home, photos: fresh });
    const note = given.notes.get(facts.label);
    if (note && !notes.has(home.label)) notes.set(home.label, note);
    grown.add(home.label);
    count += fresh.length;
  }
  const added = { landmarks: grown.size, photos: count };
  return { labels, notes: Object.fromEntries(notes), added };
}

/** The landmark here that is meant: by label, or by title; else a new one with the facts given. */
function homeOf(facts: LabelFacts, here: readonly LabelFacts[]): LabelFacts {
  const same =
    here.find(({ label }) => label === facts.label) ??
    here.find((one) => isTitleOf(facts.title.en, one) || isTitleOf(facts.title.zh, one));
  const { label, title, country, lat, lon, wikidata } = same ?? facts;
  const ours = same !== undefined || FRESH_LABEL.test(label);
  return { label: ours ? label : freshLabel(), title, country, lat, lon, wikidata };
}
