// The verdict itself: the landmark's name or an honest refusal, where it is, and how sure that is.

import type { Verdict } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import { plainCoordinates } from '../i18n/format.ts';
import { LANGUAGE_TAG, otherLanguage } from '../i18n/messages.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { LittleCairn } from '../shell/stones.tsx';
import { confidenceStones, confidenceWord, shownConfidence } from './confidence.ts';
import { landmarkName } from './names.ts';
import { headline, resultJson, resultText } from './result-text.ts';

interface VerdictViewProps {
  readonly verdict: Verdict;
  readonly titleId: string;
}

export function VerdictView({ verdict, titleId }: VerdictViewProps) {
  const { labels } = useApp();
  const { t, f, language } = useWords();
  const wording = { language, messages: t, format: f, labels: labels.value };
  const share = shownConfidence(verdict);
  const word = confidenceWord(share);
  return (
    <div class={`verdict verdict--${verdict.kind}`}>
      <h3 class="card__title" id={titleId} data-testid="verdict">
        {headline(verdict, wording)}
      </h3>
      {verdict.kind === 'landmark' && verdict.label !== null && <Place label={verdict.label} />}
      {verdict.kind === 'unlisted' && <p class="card__note">{t.verdict.unlistedNote}</p>}
      {verdict.kind === 'not-landmark' && <p class="card__note">{t.verdict.notLandmarkNote}</p>}
      <div class="confidence" data-testid="confidence" data-word={word}>
        <LittleCairn laid={confidenceStones(word)} />
        <p>
          <span class="confidence__label">{t.verdict.confidence}</span>
          <b class="confidence__word">{t.verdict.words[word]}</b>
          <span class="confidence__number">{f.percent(share)}</span>
        </p>
      </div>
    </div>
  );
}

function Place({ label }: { readonly label: string }) {
  const { labels } = useApp();
  const { t, f, language } = useWords();
  const { other, facts } = landmarkName(labels.value, label, language);
  return (
    <>
      {other && (
        <p class="verdict__other" lang={LANGUAGE_TAG[otherLanguage(language)]}>
          {other}
        </p>
      )}
      {facts && (
        <p class="verdict__place">
          {facts.country && <span class="verdict__country">{f.country(facts.country)}</span>}
          {facts.lat !== null && facts.lon !== null && (
            <span class="verdict__coordinates">
              <span class="unseen">{t.verdict.coordinates} </span>
              {f.coordinates(facts.lat, facts.lon)}
              <CopyButton
                compact
                label={t.verdict.copyCoordinates}
                text={() => plainCoordinates(facts.lat ?? 0, facts.lon ?? 0)}
              />
            </span>
          )}
        </p>
      )}
    </>
  );
}

export function VerdictActions({
  name,
  verdict,
}: {
  readonly name: string;
  readonly verdict: Verdict;
}) {
  const { labels } = useApp();
  const { t, f, language } = useWords();
  const wording = { language, messages: t, format: f, labels: labels.value };
  return (
    <>
      <CopyButton label={t.verdict.copyText} text={() => resultText(name, verdict, wording)} />
      <CopyButton label={t.verdict.copyJson} text={() => resultJson(name, verdict)} />
    </>
  );
}
