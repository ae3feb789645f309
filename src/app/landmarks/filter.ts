// Finding landmarks in the list: by either language's name or by country, blind to case and accents.
import type { CollectionLabel } from '../../retrieval/labels.ts';
import type { Format } from '../i18n/format.ts';
import type { Language } from '../i18n/messages.ts';

/** A landmark as the list shows it, with everything it can be found by. */
export interface ListedLandmark {
  readonly facts: CollectionLabel;
  readonly title: string;
  readonly other: string | null;
  readonly country: string | null;
  readonly haystack: string;
}

export const SORTS = ['name', 'country', 'photos'] as const;
export type Sort = (typeof SORTS)[number];

/** Letters that Unicode does not take apart into a base letter and an accent. */
const PLAIN: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  ı: 'i',
  þ: 'th',
};

/** Lower case without accents; punctuation and spaces become single spaces. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[ßæœøđðłıþ]/g, (letter) => PLAIN[letter] ?? letter)
    .replace(/['’ʻ`]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** `formats` of both languages, so that a country is found by its name in either. */
export function listLandmarks(
  labels: readonly CollectionLabel[],
  language: Language,
  formats: Readonly<Record<Language, Format>>,
): ListedLandmark[] {
  return labels.map((facts) => {
    const { en, zh } = facts.title;
    const [title, other] = language === 'zh' ? [zh || en, en] : [en || zh, zh];
    const countries = facts.country
      ? [formats.en.country(facts.country), formats.zh.country(facts.country)]
      : [];
    return {
      facts,
      title,
      other: other && other !== title ? other : null,
      country: facts.country ? formats[language].country(facts.country) : null,
      haystack: fold([en, zh, facts.label, ...countries].join(' ')),
    };
  });
}

/** Landmarks that contain every word of the query, somewhere. An empty query keeps all. */
export function filterLandmarks(
  list: readonly ListedLandmark[],
  query: string,
): readonly ListedLandmark[] {
  const words = fold(query).split(' ').filter(Boolean);
  if (words.length === 0) return list;
  return list.filter(({ haystack }) => words.every((word) => haystack.includes(word)));
}

/** By name, by country then name (unknown countries last), or by photos (most first) then name. */
export function sortLandmarks(
  list: readonly ListedLandmark[],
  sort: Sort,
  compare: Format['compare'],
): ListedLandmark[] {
  const byName = (a: ListedLandmark, b: ListedLandmark) => compare(a.title, b.title);
  const byCountry = (a: ListedLandmark, b: ListedLandmark) => {
    if (a.country === null || b.country === null) {
      return Number(a.country === null) - Number(b.country === null);
    }
    return compare(a.country, b.country);
  };
  const orders: Record<Sort, typeof byName> = {
    name: byName,
    country: (a, b) => byCountry(a, b) || byName(a, b),
    photos: (a, b) => b.facts.photos - a.facts.photos || byName(a, b),
  };
  return [...list].sort(orders[sort]);
}
