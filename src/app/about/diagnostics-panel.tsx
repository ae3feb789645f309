// The diagnostics table: asked of the engine when opened, when its state changes, and on request.
import { useSignal } from '@preact/signals';
import { useCallback, useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import type { Diagnostics } from '../engine.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { diagnosticsRows, diagnosticsText } from './diagnostics-rows.ts';

export function DiagnosticsPanel() {
  const { engine } = useApp();
  const words = useWords();
  const { t } = words;
  const found = useSignal<Diagnostics | null>(null);
  const status = engine.status.value;

  const refresh = useCallback(() => {
    engine.diagnostics().then(
      (diagnostics) => {
        found.value = diagnostics;
      },
      () => {
        found.value = null; // the rows then say that they do not know
      },
    );
  }, [engine]);

  useEffect(refresh, [refresh, status.state]);

  const rows = diagnosticsRows(found.value, status, navigator.userAgent, words);
  return (
    <section class="diagnostics" aria-labelledby="diagnostics-title" data-testid="diagnostics">
      <h2 id="diagnostics-title">{t.about.diagnosticsTitle}</h2>
      <p class="fine">{t.about.diagnosticsLead}</p>
      <dl class="diagnostics__rows">
        {rows.map(({ id, name, value }) => (
          <div class="diagnostics__row" key={id} data-row={id}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div class="diagnostics__actions">
        <button type="button" class="button" onClick={refresh}>
          {t.about.refresh}
        </button>
        <CopyButton label={t.about.copy} text={() => diagnosticsText(rows)} />
      </div>
    </section>
  );
}
