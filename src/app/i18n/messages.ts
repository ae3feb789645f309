// The languages of the page: which there are, how one is chosen, and their texts, fetched when they are wanted.
import type { en } from './en.ts';

/** The shape that every language must fill; English defines it. */
export type Messages = typeof en;

export type Language = 'en' | 'zh';

const LOADERS: Readonly<Record<Language, () => Promise<Messages>>> = {
  en: async () => (await import('./en.ts')).en,
  zh: async () => (await import('./zh.ts')).zh,
};

/** Rejects with what the browser says where the file cannot be fetched. */
export function loadMessages(language: Language): Promise<Messages> {
  return LOADERS[language]();
}

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
