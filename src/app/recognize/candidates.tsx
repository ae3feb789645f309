// The candidates of a verdict, best first, each with its similarity as a slab and a number.

import type { Verdict } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import { barShare } from '../i18n/format.ts';
import { Bar } from '../shell/bar.tsx';
import { landmarkName } from './names.ts';

export function Candidates({ verdict }: { readonly verdict: Verdict }) {
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
          const { title } = landmarkName(labels.value, candidate.label, language);
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
