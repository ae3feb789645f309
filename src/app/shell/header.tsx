// The head of the page: the mark, the places, and the switches for language and colours.
import { useApp, useWords } from '../app.ts';
import { LANGUAGE_TAG, otherLanguage } from '../i18n/messages.ts';
import { ThemeIcon } from './icons.tsx';
import { PLACES, placeHref } from './router.ts';
import { Logo } from './stones.tsx';

export function Header() {
  const { failure, router, settings } = useApp();
  const { t, language } = useWords();
  const theme = settings.theme.value;
  async function switchLanguage() {
    const done = await settings.switchLanguage();
    failure.value = done ? null : t.switches.languageFailed;
  }

  return (
    <header class="header">
      <div class="header__row">
        <a class="brand" href={placeHref('recognize')}>
          <Logo />
          <span class="brand__name">{t.app.name}</span>
        </a>
        <nav class="nav" aria-label={t.nav.label}>
          {PLACES.map((place) => (
            <a
              key={place}
              class="nav__link"
              href={placeHref(place)}
              data-testid={`nav-${place}`}
              aria-current={router.place.value === place ? 'page' : undefined}
            >
              {t.nav[place]}
            </a>
          ))}
        </nav>
        <div class="switches">
          <button
            type="button"
            class="button button--quiet"
            lang={LANGUAGE_TAG[otherLanguage(language)]}
            data-testid="language-switch"
            aria-label={t.switches.language}
            onClick={() => void switchLanguage()}
          >
            {t.switches.otherLanguage}
          </button>
          <button
            type="button"
            class="button button--icon"
            data-testid="theme-switch"
            data-theme-choice={theme}
            aria-label={t.switches.theme[theme]}
            title={t.switches.theme[theme]}
            onClick={() => settings.nextTheme()}
          >
            <ThemeIcon theme={theme} />
          </button>
        </div>
      </div>
    </header>
  );
}
