// The texts of all languages at once, which the page never needs.
import { en } from '../../src/app/i18n/en.ts';
import type { Language, Messages } from '../../src/app/i18n/messages.ts';
import { zh } from '../../src/app/i18n/zh.ts';

export const MESSAGES: Readonly<Record<Language, Messages>> = { en, zh };
