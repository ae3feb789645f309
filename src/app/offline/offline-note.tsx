// In About: whether the page works without a network, and a button that installs it as an app.
import { useApp, useWords } from '../app.ts';
import type { OfflineState } from './offline.ts';

export function OfflineNote() {
  const { offline, installing } = useApp();
  const { t, f } = useWords();
  const state = offline.state.value;
  return (
    <>
      <h2>{t.offline.title}</h2>
      <p data-testid="offline-state" data-state={state.at}>
        {stateText(state, t.offline, f.bytes)}
      </p>
      {state.at === 'failed' && (
        <details class="fine">
          <summary>{t.engine.details}</summary>
          <p>{state.why}</p>
        </details>
      )}
      {installing.offered.value && (
        <p class="about__install">
          <button
            type="button"
            class="button"
            data-testid="install-app"
            onClick={() => void installing.ask()}
          >
            {t.offline.install}
          </button>
        </p>
      )}
    </>
  );
}

function stateText(
  state: OfflineState,
  texts: ReturnType<typeof useWords>['t']['offline'],
  bytes: (n: number) => string,
): string {
  switch (state.at) {
    case 'off':
      return texts.off;
    case 'preparing':
      return texts.preparing;
    case 'kept':
      return texts.kept(bytes(state.bytes));
    case 'no-room':
      return texts.noRoom(bytes(state.bytes));
    case 'failed':
      return texts.failed;
  }
}
