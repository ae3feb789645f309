// The verdict itself: the landmark's name or an honest refusal, where it is, and how sure that is.

import type { Answer } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import { plainCoordinates } from '../i18n/format.ts';
import { LANGUAGE_TAG, otherLanguage } from '../i18n/messages.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { LittleCairn } from '../shell/stones.tsx';
import { confidenceStones, confidenceWord, shownConfidence } from './confidence.ts';
import { type LabelMap, landmarkName } from './names.ts';
import { headline } from './result-text.ts';

interface VerdictViewProps {
  readonly verdict: Answer;
  readonly titleId: string;
  /** Where its labels are described, where not in what is open now. */
  readonly known?: LabelMap | undefined;
}

export function VerdictView({ verdict, titleId, known }: VerdictViewProps) {
  const { labels } = useApp();
  const { t, f, language } = useWords();
  const wording = { language, messages: t, format: f, labels: known ?? labels.value };
  const share = shownConfidence(verdict);
  const word = confidenceWord(share);
  return (
    <div class={`verdict verdict--${verdict.kind}`}>
      <h3 class="card__title" id={titleId} data-testid="verdict">
        {headline(verdict, wording)}
      </h3>
      {verdict.kind === 'landmark' && verdict.label !== null && (
        <Place label={verdict.label} labels={wording.labels} />
      )}
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

function Place({ label, labels }: { readonly label: string; readonly labels: LabelMap }) {
  const { t, f, language } = useWords();
  const { other, facts } = landmarkName(labels, label, language);
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
