// Keeping what was taught outside the browser: export to a file, import of one, and why it matters.
import type { TargetedEvent } from 'preact';
import type { Progress } from '../../progress.ts';
import { CONTAINER_ENDING } from '../../retrieval/container.ts';
import { useApp, useWords } from '../app.ts';
import type { Format } from '../i18n/format.ts';
import type { Transfer } from './transfer.ts';
import { transferText } from './transfer-text.ts';

export function KeepingPanel() {
  const { engine, transfers } = useApp();
  const { t } = useWords();
  const { keeping } = t.teach;
  const transfer = transfers.transfer.value;
  const taught = engine.teaching.landmarks.value.length > 0;

  function picked(event: TargetedEvent<HTMLInputElement>) {
    const input = event.currentTarget;
    const file = input.files?.[0];
    // Before it is cleared, so that picking the same file again is a change.
    if (file) void transfers.import(file);
    input.value = '';
  }

  return (
    <section class="keeping" aria-labelledby="keeping-title">
      <h3 id="keeping-title">{keeping.title}</h3>
      <p class="field__hint" id="keeping-why">
        {keeping.why}
      </p>
      <div class="taught__actions">
        {taught && (
          <button
            type="button"
            class="button"
            aria-describedby="keeping-why"
            data-testid="taught-export"
            onClick={() => void transfers.export()}
          >
            {keeping.export}
          </button>
        )}
        <span class="pick">
          <input
            id="taught-import"
            class="unseen"
            type="file"
            accept={CONTAINER_ENDING}
            data-testid="taught-import"
            onChange={picked}
          />
          <label class="button" for="taught-import">
            {keeping.import}
          </label>
        </span>
      </div>
      {transfer && <Under transfer={transfer} />}
    </section>
  );
}

/** The transfer under way, and afterwards what became of it. */
function Under({ transfer }: { readonly transfer: Transfer }) {
  const { transfers } = useApp();
  const { t, f } = useWords();
  const running = transfer.at === 'running';
  const progress = running ? transfer.progress : null;
  return (
    <div class="lesson" data-testid="transfer" data-state={transfer.at}>
      <div class="lesson__head">
        <p
          id="transfer-said"
          class={transfer.at === 'failed' ? 'keeping__said lesson__failure' : 'keeping__said'}
        >
          {transferText(transfer, t, f)}
        </p>
        {progress && <p>{howFar(progress, f)}</p>}
        <button
          type="button"
          class="button button--quiet"
          data-testid={running ? 'transfer-stop' : 'transfer-dismiss'}
          onClick={() => (running ? transfers.stop() : transfers.dismiss())}
        >
          {running ? t.teach.stop : t.teach.dismiss}
        </button>
      </div>
      {running && (
        <progress
          class="lesson__bar"
          aria-labelledby="transfer-said"
          {...(progress && progress.total > 0 ? { max: progress.total, value: progress.done } : {})}
        />
      )}
      {transfer.at === 'failed' && transfer.error.code !== 'aborted' && (
        <details class="keeping__detail">
          <summary>{t.recognize.errorDetail}</summary>
          <p>
            <code>{transfer.error.code}</code> <span lang="en">{transfer.error.message}</span>
          </p>
        </details>
      )}
    </div>
  );
}

function howFar({ done, total, unit }: Progress, f: Format): string {
  return unit === 'bytes' ? f.bytesOf(done, total) : `${f.count(done)} / ${f.count(total)}`;
}
