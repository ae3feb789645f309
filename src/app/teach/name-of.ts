// A taught landmark's name in the page's language.
import type { LabelFacts } from '../../retrieval/labels.ts';
import type { Language } from '../i18n/messages.ts';

export function nameOf({ title }: Pick<LabelFacts, 'title'>, language: Language): string {
  return title[language] || title.en;
}
