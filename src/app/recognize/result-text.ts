// A result to take away: a few lines of text, or the JSON that `cairn recognize --json` prints too.
import { type Answer, resultOf } from '../../verdict.ts';
import type { Format } from '../i18n/format.ts';
import type { Language, Messages } from '../i18n/messages.ts';
import { confidenceWord, shownConfidence } from './confidence.ts';
import { type LabelMap, landmarkName } from './names.ts';

export interface Wording {
  readonly language: Language;
  readonly messages: Messages;
  readonly format: Format;
  readonly labels: LabelMap;
}

/** The verdict in one phrase: the landmark's name, or which refusal it is. */
export function headline(verdict: Answer, { language, messages, labels }: Wording): string {
  if (verdict.kind === 'landmark' && verdict.label !== null) {
    return landmarkName(labels, verdict.label, language).title;
  }
  return verdict.kind === 'unlisted' ? messages.verdict.unlisted : messages.verdict.notLandmark;
}

/** Such as `Very sure, 96 %`. */
export function confidencePhrase(verdict: Answer, { language, messages, format }: Wording): string {
  const share = shownConfidence(verdict);
  const comma = language === 'zh' ? '，' : ', ';
  return `${messages.verdict.words[confidenceWord(share)]}${comma}${format.percent(share)}`;
}

/** One sentence for the live region. */
export function spoken(verdict: Answer, wording: Wording): string {
  const [open, close] = wording.language === 'zh' ? ['（', '）'] : [' (', ')'];
  return `${headline(verdict, wording)}${open}${confidencePhrase(verdict, wording)}${close}`;
}

export function resultText(photo: string, verdict: Answer, wording: Wording): string {
  const { language, messages, format, labels } = wording;
  const lines = [photo, spoken(verdict, wording)];
  if (verdict.kind === 'landmark' && verdict.label !== null) {
    const { other, facts } = landmarkName(labels, verdict.label, language);
    const country = facts?.country ? format.country(facts.country) : null;
    const about = [other, country].filter((part) => part !== null);
    if (about.length > 0) lines.push(about.join(' · '));
    if (facts && facts.lat !== null && facts.lon !== null) {
      lines.push(format.coordinates(facts.lat, facts.lon));
    }
  }
  if (verdict.candidates.length > 0) {
    lines.push('', messages.verdict.candidates);
    for (const { label, similarity } of verdict.candidates) {
      lines.push(`- ${landmarkName(labels, label, language).title} ${format.score(similarity)}`);
    }
  }
  return lines.join('\n');
}

/** As a line of `cairn recognize --json`, spread over several. */
export function resultJson(photo: string, verdict: Answer): string {
  return JSON.stringify(resultOf(photo, verdict), null, 2);
}
