// What the user chose for this page: language and colours, kept in localStorage where that works.
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { createFormat, type Format } from '../i18n/format.ts';
import {
  chooseLanguage,
  LANGUAGE_TAG,
  type Language,
  MESSAGES,
  type Messages,
  otherLanguage,
} from '../i18n/messages.ts';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Keys in localStorage; `public/theme.js` reads the theme too, before the first paint. */
const KEYS = { language: 'cairn.language', theme: 'cairn.theme' } as const;

export const FORMATS: Readonly<Record<Language, Format>> = {
  en: createFormat('en'),
  zh: createFormat('zh'),
};

export interface Settings {
  readonly language: ReadonlySignal<Language>;
  readonly messages: ReadonlySignal<Messages>;
  readonly format: ReadonlySignal<Format>;
  readonly theme: ReadonlySignal<Theme>;
  switchLanguage(): void;
  nextTheme(): void;
}

export function chooseTheme(kept: string | null): Theme {
  return THEMES.find((theme) => theme === kept) ?? 'auto';
}

export function themeAfter(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
}

/** Reads what was kept and keeps `<html lang data-theme>` in step with the signals from then on. */
export function createSettings(): Settings {
  const language = signal(chooseLanguage(recall(KEYS.language), navigator.languages));
  const theme = signal(chooseTheme(recall(KEYS.theme)));

  effect(() => {
    document.documentElement.lang = LANGUAGE_TAG[language.value];
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    colourBrowserBar(theme.value);
  });

  return {
    language,
    messages: computed(() => MESSAGES[language.value]),
    format: computed(() => FORMATS[language.value]),
    theme,
    switchLanguage() {
      language.value = otherLanguage(language.value);
      keep(KEYS.language, language.value);
    },
    nextTheme() {
      theme.value = themeAfter(theme.value);
      keep(KEYS.theme, theme.value);
    },
  };
}

/** A phone's browser takes its own colour from the theme-color that applies: ours, or the device's. */
function colourBrowserBar(theme: Theme): void {
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const scheme = meta.dataset.for;
    if (theme === 'auto') meta.media = `(prefers-color-scheme: ${scheme})`;
    else meta.media = scheme === theme ? 'all' : 'not all';
  }
}

/** Storage may be forbidden (private windows, sandboxed frames): the page works without it. */
function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Kept for this visit only.
  }
}
