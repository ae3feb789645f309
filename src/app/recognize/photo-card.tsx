// One photo of the queue: picture, what is known of it in its present state, and what can be done.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useApp, useWords } from '../app.ts';
import { errorText } from '../i18n/error-text.ts';
import { Whereabouts } from '../map/whereabouts.tsx';
import { ResultActions } from '../results/result-actions.tsx';
import { CloseIcon, PhotoIcon } from '../shell/icons.tsx';
import { LittleCairn } from '../shell/stones.tsx';
import { Candidates } from './candidates.tsx';
import { type PhotoItem, stonesLaid } from './queue-state.ts';
import { StageList } from './stage-list.tsx';
import { VerdictView } from './verdict-view.tsx';
import { Why } from './why.tsx';

interface PhotoCardProps {
  readonly item: PhotoItem;
  readonly onRemove: (id: number) => void;
}

export function PhotoCard({ item, onRemove }: PhotoCardProps) {
  const { t } = useWords();
  const { at, name } = item;
  const titleId = `photo-${item.id}`;
  const verdict = at.state === 'done' ? at.verdict : null;
  return (
    <li
      class={`card card--${at.state}`}
      data-testid="photo-item"
      data-state={at.state}
      data-kind={verdict?.kind}
      data-label={verdict?.label ?? undefined}
      data-error={at.state === 'failed' ? at.error.code : undefined}
    >
      <article class="card__grid" aria-labelledby={titleId}>
        <Picture item={item} />
        <div class="card__body">
          {verdict && <VerdictView verdict={verdict} titleId={titleId} />}
          {item.country !== null && <Narrowed country={item.country} />}
          {at.state === 'queued' && <Queued titleId={titleId} />}
          {at.state === 'working' && <Title id={titleId}>{t.recognize.working}</Title>}
          {(at.state === 'queued' || at.state === 'working') && (
            <LittleCairn laid={stonesLaid(at)} />
          )}
          {at.state === 'failed' && <Failed at={at} titleId={titleId} />}
          <div class="card__actions">
            <Actions item={item} />
          </div>
        </div>
        <div class="card__side">
          {verdict ? (
            <Candidates verdict={verdict} />
          ) : (
            at.state !== 'failed' && <StageList at={at} />
          )}
        </div>
        <button
          type="button"
          class="button button--icon card__remove"
          data-testid="remove-photo"
          aria-label={t.recognize.removeName(name)}
          title={t.recognize.remove}
          onClick={() => onRemove(item.id)}
        >
          <CloseIcon />
        </button>
        {at.state === 'done' && (
          <div class="card__more">
            <Whereabouts item={item} verdict={at.verdict} />
            <Why item={item} verdict={at.verdict} elapsed={at.elapsed} />
          </div>
        )}
      </article>
    </li>
  );
}

function Picture({ item }: { readonly item: PhotoItem }) {
  const { queue } = useApp();
  const { t } = useWords();
  /** The address that could not be shown: there may be another one later. */
  const broken = useSignal<string | null>(null);
  return (
    <figure class="card__figure">
      <div class="card__frame">
        {broken.value === item.url ? (
          <span class="card__blank" role="img" aria-label={t.recognize.noPreview}>
            <PhotoIcon />
          </span>
        ) : (
          <img
            src={item.url}
            alt={t.recognize.photoAlt(item.name)}
            loading="lazy"
            decoding="async"
            onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
              queue.measure(item.id, naturalWidth, naturalHeight)
            }
            onError={() => {
              broken.value = item.url;
            }}
          />
        )}
      </div>
      <figcaption class="card__name">{item.name}</figcaption>
    </figure>
  );
}

function Narrowed({ country }: { readonly country: string }) {
  const { t, f } = useWords();
  return <p class="card__note">{t.recognize.narrowed(f.country(country))}</p>;
}

function Title({ id, children }: { readonly id: string; readonly children: ComponentChildren }) {
  return (
    <h3 class="card__title" id={id}>
      {children}
    </h3>
  );
}

function Queued({ titleId }: { readonly titleId: string }) {
  const { engine } = useApp();
  const { t } = useWords();
  const why = {
    loading: t.recognize.queuedEngine,
    ready: t.recognize.queuedWhy,
    failed: t.recognize.queuedFailed,
  }[engine.status.value.state];
  return (
    <>
      <Title id={titleId}>{t.recognize.queued}</Title>
      <p class="card__note">{why}</p>
    </>
  );
}

function Failed({
  at,
  titleId,
}: {
  readonly at: Extract<PhotoItem['at'], { state: 'failed' }>;
  readonly titleId: string;
}) {
  const { t } = useWords();
  const { what, remedy } = errorText(t, at.error);
  return (
    <>
      <Title id={titleId}>{what}</Title>
      <p class="card__note">{remedy}</p>
      {at.error.code !== 'aborted' && (
        <details class="fine">
          <summary>{t.recognize.errorDetail}</summary>
          <p>
            <code>{at.error.code}</code> {at.error.message}
          </p>
        </details>
      )}
    </>
  );
}

function Actions({ item }: { readonly item: PhotoItem }) {
  const { queue } = useApp();
  const { t } = useWords();
  const { at, name, id } = item;
  if (at.state === 'done') return <ResultActions item={item} verdict={at.verdict} />;
  if (at.state === 'queued') return null;
  // One and the same button for both states, so that the focus survives a stop.
  const working = at.state === 'working';
  return (
    <button
      type="button"
      class="button"
      data-testid={working ? 'stop-photo' : 'again-photo'}
      aria-label={working ? t.recognize.cancelName(name) : t.recognize.againName(name)}
      onClick={() => (working ? queue.stop(id) : queue.again(id))}
    >
      {working ? t.recognize.cancel : t.recognize.again}
    </button>
  );
}
