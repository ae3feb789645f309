// Finding entries of the history: by a landmark's name in either language, a file's name, a day, a kind of answer.
import type { Kind } from '../../verdict.ts';
import type { Format } from '../i18n/format.ts';
import type { Language } from '../i18n/messages.ts';
import { fold } from '../landmarks/filter.ts';
import type { HistoryEntry } from './record.ts';

export const KIND_FILTERS = ['all', 'landmark', 'unlisted', 'not-landmark'] as const;
export type KindFilter = (typeof KIND_FILTERS)[number] & ('all' | Kind);

export interface HistoryQuery {
  readonly text: string;
  readonly kind: KindFilter;
  /** As a date field gives it, `2026-11-29`, in the user's time; empty for any. */
  readonly day: string;
}

/** An entry with everything that it can be found by. */
export interface FindableEntry {
  readonly entry: HistoryEntry;
  readonly day: string;
  readonly haystack: string;
}

/** The day of a time where the user is, as a date field writes it. */
export function localDay(time: string): string {
  const at = new Date(time);
  const digits = (n: number, length: number) => String(n).padStart(length, '0');
  return `${digits(at.getFullYear(), 4)}-${digits(at.getMonth() + 1, 2)}-${digits(at.getDate(), 2)}`;
}

/** `formats` of both languages: a day, too, is found as either writes it. */
export function findable(
  entries: readonly HistoryEntry[],
  formats: Readonly<Record<Language, Format>>,
): FindableEntry[] {
  return entries.map((entry) => {
    const { result, landmarks, time } = entry;
    const day = localDay(time);
    // Only what the answer names: the candidates of a refusal are no answer.
    const facts = landmarks.find(({ label }) => label === result.label);
    const names = facts ? [facts.title.en, facts.title.zh] : [];
    const country = facts?.country
      ? [formats.en.country(facts.country), formats.zh.country(facts.country)]
      : [];
    const days = [day, formats.en.date(time), formats.zh.date(time)];
    return {
      entry,
      day,
      haystack: fold([...names, result.label ?? '', ...country, result.photo, ...days].join(' ')),
    };
  });
}

/** Entries of that kind and day that contain every word of the text, somewhere. */
export function findEntries(
  list: readonly FindableEntry[],
  { text, kind, day }: HistoryQuery,
): HistoryEntry[] {
  const words = fold(text).split(' ').filter(Boolean);
  return list
    .filter(
      (one) =>
        (kind === 'all' || one.entry.result.kind === kind) &&
        (day === '' || one.day === day) &&
        words.every((word) => includes(one.haystack, word)),
    )
    .map(({ entry }) => entry);
}

/** A number of one or two digits stands by itself: the 2 of the second of January is no part of 2026. */
function includes(haystack: string, word: string): boolean {
  return /^\d{1,2}$/.test(word) ? ` ${haystack} `.includes(` ${word} `) : haystack.includes(word);
}
