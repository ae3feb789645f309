// What a picture to save says below the photo.
import type { Answer } from '../../verdict.ts';
import { landmarkName } from '../recognize/names.ts';
import { confidencePhrase, headline, type Wording } from '../recognize/result-text.ts';
import type { CaptionTexts } from './caption.ts';

export function captionTexts(verdict: Answer, wording: Wording): CaptionTexts {
  const { language, messages, format, labels } = wording;
  const named = verdict.kind === 'landmark' ? verdict.label : null;
  const about = named === null ? null : landmarkName(labels, named, language);
  const country = about?.facts?.country ? format.country(about.facts.country) : null;
  const parts = [about?.other ?? null, country].filter((part) => part !== null);
  return {
    title: headline(verdict, wording),
    other: parts.length > 0 ? parts.join(' · ') : null,
    confidence: confidencePhrase(verdict, wording),
    brand: messages.app.name,
  };
}
