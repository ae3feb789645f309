// The "why" of a verdict, folded away: what each stage thought, what tipped the scales, and the costs.

import type { Kind, Verdict } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import type { Format } from '../i18n/format.ts';
import type { Messages } from '../i18n/messages.ts';
import { BalanceBar, Bar } from '../shell/bar.tsx';
import { MatchedPoints } from './matched-points.tsx';
import { featureName, landmarkName, stageName, timingName } from './names.ts';
import type { PhotoItem } from './queue-state.ts';
import { Block, NumberRow } from './why-parts.tsx';

interface WhyProps {
  readonly item: PhotoItem;
  readonly verdict: Verdict;
  /** Milliseconds from handing the photo over to having the verdict. */
  readonly elapsed: number;
}

const KINDS: readonly Kind[] = ['landmark', 'unlisted', 'not-landmark'];

/** Reference photos shown; the evidence may carry more. */
const NEAREST = 5;

export function Why({ item, verdict, elapsed }: WhyProps) {
  const { t } = useWords();
  return (
    <details class="why" data-testid="why">
      <summary class="why__summary">
        <span aria-hidden="true">{t.why.summary}</span>
        <span class="unseen">{t.why.summaryName(item.name)}</span>
      </summary>
      <div class="why__blocks">
        <MatchedPoints item={item} verdict={verdict} />
        <Stages verdict={verdict} />
        <Features verdict={verdict} />
        <Kinds verdict={verdict} />
        <Nearest verdict={verdict} />
        <TimeTaken verdict={verdict} elapsed={elapsed} />
        <Facts item={item} verdict={verdict} />
      </div>
    </details>
  );
}

function Stages({ verdict }: { readonly verdict: Verdict }) {
  const { labels } = useApp();
  const { t, f, language } = useWords();
  const { stages } = verdict.evidence;
  if (stages.length === 0) return null;
  return (
    <Block title={t.why.stagesTitle}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{t.why.stage}</th>
            <th scope="col">{t.why.bestLabel}</th>
            <th scope="col" class="table__number">
              {t.why.score}
            </th>
          </tr>
        </thead>
        <tbody>
          {stages.map(({ stage, label, score }) => (
            <tr key={stage}>
              <th scope="row">{stageName(t, stage)}</th>
              <td>{landmarkName(labels.value, label, language).title}</td>
              <td class="table__number">{f.score(score)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Block>
  );
}

function Features({ verdict }: { readonly verdict: Verdict }) {
  const { t, f } = useWords();
  const { features } = verdict.evidence;
  if (features.length === 0) return null;
  const widest = Math.max(...features.map(({ contribution }) => Math.abs(contribution)), 1e-9);
  return (
    <Block title={t.why.featuresTitle} note={t.why.featuresNote}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{t.why.feature}</th>
            <th scope="col" class="table__number">
              {t.why.value}
            </th>
            <th scope="col" class="table__number" colSpan={2}>
              {t.why.contribution}
            </th>
          </tr>
        </thead>
        <tbody>
          {features.map(({ name, value, contribution }) => (
            <tr key={name}>
              <th scope="row">{featureName(t, name)}</th>
              <td class="table__number">{featureValue(value, t, f)}</td>
              <td class="table__bar">
                <BalanceBar share={contribution / widest} />
              </td>
              <td class="table__number">{f.signed(contribution)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Block>
  );
}

/** Counts are whole, all else has two decimals. */
function featureValue(value: number, t: Messages, f: Format): string {
  if (!Number.isFinite(value)) return t.why.unknown;
  return Number.isInteger(value) ? f.count(value) : f.score(value);
}

function Kinds({ verdict }: { readonly verdict: Verdict }) {
  const { t, f } = useWords();
  return (
    <Block title={t.why.kindsTitle}>
      <dl class="numbers">
        {KINDS.map((kind) => (
          <NumberRow
            key={kind}
            name={t.verdict.kind[kind]}
            value={f.percent(verdict.kindProbabilities[kind])}
          >
            <Bar share={verdict.kindProbabilities[kind]} strong={kind === verdict.kind} />
          </NumberRow>
        ))}
      </dl>
    </Block>
  );
}

function Nearest({ verdict }: { readonly verdict: Verdict }) {
  const { labels } = useApp();
  const { t, f, language } = useWords();
  const nearest = verdict.evidence.nearest.slice(0, NEAREST);
  if (nearest.length === 0) return null;
  return (
    <Block title={t.why.nearestTitle}>
      <dl class="numbers">
        {nearest.map(({ row, label, similarity }) => (
          <NumberRow
            key={row}
            name={landmarkName(labels.value, label, language).title}
            value={f.score(similarity)}
          >
            <Bar share={Math.min(1, Math.max(0, similarity))} />
          </NumberRow>
        ))}
      </dl>
    </Block>
  );
}

function TimeTaken({ verdict, elapsed }: Pick<WhyProps, 'verdict' | 'elapsed'>) {
  const { t, f } = useWords();
  // The verdict's own total leaves out the way between threads, which the user waits for as well.
  const parts = Object.entries(verdict.timings).filter(([stage]) => stage !== 'total');
  return (
    <Block title={t.why.timingsTitle}>
      <dl class="numbers">
        {parts.map(([stage, ms]) => (
          <NumberRow key={stage} name={timingName(t, stage)} value={f.duration(ms)} />
        ))}
        <NumberRow strong name={t.why.total} value={f.duration(elapsed)} />
      </dl>
    </Block>
  );
}

function Facts({ item, verdict }: Pick<WhyProps, 'item' | 'verdict'>) {
  const { t, f } = useWords();
  const bytes = f.bytes(item.blob.size);
  const photo = item.size
    ? t.why.photoSize(f.count(item.size.width), f.count(item.size.height), bytes)
    : bytes;
  return (
    <Block title={t.why.factsTitle}>
      <dl class="numbers">
        <NumberRow name={t.why.photo} value={photo} />
        <NumberRow name={t.why.backend} value={verdict.backend} />
        <NumberRow name={t.why.engine} value={t.why.engines[verdict.evidence.engine]} />
      </dl>
    </Block>
  );
}
