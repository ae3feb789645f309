// When a photo was taken, as people of each language write it: what the camera's clock showed, never shifted.
import { LANGUAGE_TAG, type Language } from '../i18n/messages.ts';
import type { Taken } from './facts.ts';

/** Such as `3 May 2024, 14:05`. */
export function shownTime({ shown }: Taken, language: Language): string {
  // The shown time is kept as if it were UTC: in any other zone it would move. English without a country is American.
  const tag = language === 'en' ? 'en-GB' : LANGUAGE_TAG[language];
  const format = new Intl.DateTimeFormat(tag, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });
  return format.format(shown).replace(' at ', ', ');
}
