// The languages of the page: which there are, how one is chosen, and their texts by type.
import { en } from './en.ts';
import { zh } from './zh.ts';

/** The shape that every language must fill; English defines it. */
export type Messages = typeof en;

export type Language = 'en' | 'zh';

export const MESSAGES: Readonly<Record<Language, Messages>> = { en, zh };

/** BCP 47 tags: for the `lang` attribute and for Intl. */
export const LANGUAGE_TAG: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-Hans' };

export function isLanguage(value: unknown): value is Language {
  return value === 'en' || value === 'zh';
}

export function otherLanguage(language: Language): Language {
  return language === 'en' ? 'zh' : 'en';
}

/**
 * The language to start in: the one kept from before, else the first of the user's that we have,
 * else English. Every kind of Chinese counts as `zh`.
 */
export function chooseLanguage(kept: string | null, preferred: readonly string[]): Language {
  if (isLanguage(kept)) return kept;
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split(/[-_]/)[0];
    if (isLanguage(primary)) return primary;
  }
  return 'en';
}
