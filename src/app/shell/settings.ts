// What the user chose for this page: language and colours, kept in localStorage where that works.
import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { createFormat, type Format, formatTag } from '../i18n/format.ts';
import {
  chooseLanguage,
  LANGUAGE_TAG,
  type Language,
  loadMessages,
  type Messages,
  otherLanguage,
} from '../i18n/messages.ts';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Keys in localStorage; `public/theme.js` reads the theme too, before the first paint. */
const KEYS = {
  language: 'cairn.language',
  theme: 'cairn.theme',
  history: 'cairn.history',
} as const;

const OFF = 'off';

/** Where there is a browser, as its user wants English written. */
const PREFERRED = globalThis.navigator?.languages ?? [];

export const FORMATS: Readonly<Record<Language, Format>> = {
  en: createFormat('en', formatTag('en', PREFERRED)),
  zh: createFormat('zh', formatTag('zh', PREFERRED)),
};

export interface Settings {
  readonly language: ReadonlySignal<Language>;
  readonly messages: ReadonlySignal<Messages>;
  readonly format: ReadonlySignal<Format>;
  readonly theme: ReadonlySignal<Theme>;
  /** Whether recognitions are put into the history; so unless the user has said no. */
  readonly keepsHistory: ReadonlySignal<boolean>;
  /** False where the texts of the other language could not be fetched: then all stays as it is. */
  switchLanguage(): Promise<boolean>;
  nextTheme(): void;
  keepHistory(on: boolean): void;
}

export function chooseTheme(kept: string | null): Theme {
  return THEMES.find((theme) => theme === kept) ?? 'auto';
}

export function themeAfter(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
}

/** The language that was kept, or that the browser asks for. */
export function startLanguage(): Language {
  return chooseLanguage(recall(KEYS.language), navigator.languages);
}

/**
 * Reads what was kept and keeps `<html lang data-theme>` in step with the signals from then on.
 * @param texts of the language to start in
 */
export function createSettings(start: Language, texts: Messages): Settings {
  const language = signal(start);
  const messages = signal(texts);
  const theme = signal(chooseTheme(recall(KEYS.theme)));

  const keepsHistory = signal(recall(KEYS.history) !== OFF);
  // What was said in one tab holds in all.
  addEventListener('storage', ({ key, newValue }) => {
    if (key === KEYS.history) keepsHistory.value = newValue !== OFF;
  });

  effect(() => {
    document.documentElement.lang = LANGUAGE_TAG[language.value];
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
    colourBrowserBar(theme.value);
  });

  return {
    language,
    messages,
    format: computed(() => FORMATS[language.value]),
    theme,
    keepsHistory,
    async switchLanguage() {
      const other = otherLanguage(language.peek());
      const fetched = await loadMessages(other).catch(() => null);
      if (!fetched) return false;
      batch(() => {
        language.value = other;
        messages.value = fetched;
      });
      keep(KEYS.language, other);
      return true;
    },
    nextTheme() {
      theme.value = themeAfter(theme.value);
      keep(KEYS.theme, theme.value);
    },
    keepHistory(on) {
      keepsHistory.value = on;
      keep(KEYS.history, on ? 'on' : OFF);
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
