// Distances in words: metres, then kilometres, with as many digits as they are worth.
import { LANGUAGE_TAG, type Language } from '../i18n/messages.ts';

const unit = (tag: string, name: string, options: Intl.NumberFormatOptions) =>
  new Intl.NumberFormat(tag, { style: 'unit', unit: name, unitDisplay: 'short', ...options });

/** Below this a kilometre's tenth says something; above only whole ones do. */
const TENTHS_BELOW = 99_950;

/**
 * Such as `40 m`, `2.3 km`, `5,570 km`: metres to tens, as GPS of a camera is no better.
 * @param metres ≥ 0
 */
export function distanceText(metres: number, language: Language): string {
  const tag = LANGUAGE_TAG[language];
  if (metres < 995) {
    return unit(tag, 'meter', { maximumFractionDigits: 0 }).format(Math.round(metres / 10) * 10);
  }
  const digits = metres < TENTHS_BELOW ? 1 : 0;
  return unit(tag, 'kilometer', { maximumFractionDigits: digits }).format(metres / 1000);
}
