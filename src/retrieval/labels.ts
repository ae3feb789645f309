// What is known about a landmark besides its photos: the facts that collection.json carries.

export interface LabelFacts {
  /** Stable key, lower-case snake case, such as `eiffel_tower`. */
  readonly label: string;
  readonly title: { readonly en: string; readonly zh: string };
  /** ISO 3166-1 alpha-2, upper case; null where unknown. */
  readonly country: string | null;
  /** Degrees, WGS 84; null where unknown. */
  readonly lat: number | null;
  readonly lon: number | null;
  /** Wikidata item such as `Q243`; null unless it is certain. */
  readonly wikidata: string | null;
}

/** A label of a collection: its facts and how many reference photos it has. */
export interface CollectionLabel extends LabelFacts {
  readonly photos: number;
}

/** Whether it can be found: a label keeps its place in the list when its last photo is deleted. */
export function hasPhotos({ photos }: Pick<CollectionLabel, 'photos'>): boolean {
  return photos > 0;
}
