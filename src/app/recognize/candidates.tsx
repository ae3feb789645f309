// The candidates of a verdict, best first, each with its similarity as a slab and a number.

import type { Answer } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import { barShare } from '../i18n/format.ts';
import { Bar } from '../shell/bar.tsx';
import { type LabelMap, landmarkName } from './names.ts';

interface CandidatesProps {
  readonly verdict: Answer;
  /** Where its labels are described, where not in what is open now. */
  readonly known?: LabelMap | undefined;
}

export function Candidates({ verdict, known }: CandidatesProps) {
  const { labels } = useApp();
  const { t, f, language } = useWords();
  const named = verdict.kind === 'landmark';
  return (
    <>
      <h4 class="card__subtitle">
        {named ? t.verdict.candidates : t.verdict.closest}
        <span class="card__unit">{t.verdict.similarity}</span>
      </h4>
      {verdict.candidates.length === 0 && <p class="card__note">{t.verdict.noCandidates}</p>}
      <ol class="candidates">
        {verdict.candidates.map((candidate) => {
          const { title } = landmarkName(known ?? labels.value, candidate.label, language);
          const chosen = named && candidate.label === verdict.label;
          return (
            <li
              key={candidate.label}
              class={chosen ? 'candidates__row candidates__row--chosen' : 'candidates__row'}
              data-testid="candidate"
              data-label={candidate.label}
            >
              <span class="candidates__name" title={title}>
                {title}
              </span>
              <span class="candidates__score">{f.score(candidate.similarity)}</span>
              <Bar share={barShare(candidate)} strong={chosen} />
            </li>
          );
        })}
      </ol>
    </>
  );
}
