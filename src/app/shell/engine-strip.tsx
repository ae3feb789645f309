// The state of the recognizer, always in sight: loading with real progress, ready, or what failed.
import type { Progress } from '../../progress.ts';
import { useApp, useWords, type Words } from '../app.ts';
import type { EngineStatus } from '../engine.ts';
import { backendText } from './backend-text.ts';

export function EngineStrip() {
  const { engine } = useApp();
  const { t } = useWords();
  const status = engine.status.value;
  return (
    <section
      class={`strip strip--${status.state}`}
      aria-label={t.engine.label}
      data-testid="engine-status"
      data-state={status.state}
    >
      <div class="strip__row">
        <span class="pebble" aria-hidden="true" />
        {status.state === 'loading' && <Loading progress={status.progress} />}
        {status.state === 'ready' && <Ready status={status} />}
        {status.state === 'failed' && <Failed status={status} />}
      </div>
    </section>
  );
}

function Loading({ progress }: { readonly progress: Progress | null }) {
  const words = useWords();
  const { t } = words;
  const stage = progress ? t.stages[progress.stage] : t.engine.starting;
  return (
    <>
      <p class="strip__text">
        <b>{stage}</b>
        <span class="strip__numbers">{progressText(progress, words)}</span>
      </p>
      <p class="strip__aside">{t.engine.photosWait}</p>
      <StripBar label={stage} progress={progress} />
    </>
  );
}

function StripBar({
  label,
  progress,
}: {
  readonly label: string;
  readonly progress: Progress | null;
}) {
  const share = progress && progress.total > 0 ? progress.done / progress.total : null;
  // Without a value the bar is indeterminate.
  const value = share === null ? {} : { value: share };
  return <progress class="strip__bar" aria-label={label} max={1} {...value} />;
}

function Ready({ status }: { readonly status: Extract<EngineStatus, { state: 'ready' }> }) {
  const { engine } = useApp();
  const words = useWords();
  const { t, f } = words;
  const known = engine.labels.value.length;
  const preparing = engine.preparing.value;
  return (
    <>
      <p class="strip__text">
        <b>{t.engine.ready}</b>
        <span class="strip__numbers">{t.engine.knows(known, f.count(known))}</span>
      </p>
      {preparing ? (
        <p class="strip__aside" data-testid="engine-preparing">
          {t.engine.preparing} <span class="strip__numbers">{progressText(preparing, words)}</span>
        </p>
      ) : (
        <p class="strip__aside">{t.engine.runsOn(backendText(status.encoder.backend, words))}</p>
      )}
      {preparing && <StripBar label={t.engine.preparing} progress={preparing} />}
    </>
  );
}

function Failed({ status }: { readonly status: Extract<EngineStatus, { state: 'failed' }> }) {
  const { engine } = useApp();
  const { t } = useWords();
  const { what, remedy } = t.errors[status.error.code];
  return (
    <>
      <div class="strip__failure" role="alert">
        <p>
          <b>{t.engine.failed}.</b> {what} {remedy}
        </p>
        <details class="fine">
          <summary>{t.engine.details}</summary>
          <p>
            <code>{status.error.code}</code> {status.error.message}
          </p>
        </details>
      </div>
      <button
        type="button"
        class="button"
        data-testid="engine-retry"
        onClick={() => engine.retry()}
      >
        {t.engine.retry}
      </button>
    </>
  );
}

function progressText(progress: Progress | null, { t, f }: Words): string {
  if (!progress || progress.total <= 0) return '';
  const { done, total, unit } = progress;
  if (unit === 'bytes') return f.bytesOf(done, total);
  return total === 1 ? '' : t.engine.of(f.count(done), f.count(total));
}
