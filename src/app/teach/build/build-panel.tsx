// A whole folder on the place Teach: how to give one, and whatever is under way with it.
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from '../../app.ts';
import type { BuildState } from '../../teaching/building/building.ts';
import { asideText } from './build-text.ts';
import { Interrupted } from './interrupted.tsx';
import { Aside, Buttons, PickFolder } from './parts.tsx';
import { PlanForm } from './plan-form.tsx';
import { RunPanel } from './run-panel.tsx';

export function BuildPanel() {
  const { engine } = useApp();
  const { t } = useWords();
  const state = engine.building.state.value;
  const { build } = t.teach;
  useFocusOnChange(state.at);
  return (
    <section class="build" aria-labelledby="build-title" data-testid="build" data-at={state.at}>
      <h2 id="build-title" tabIndex={-1}>
        {build.title}
      </h2>
      <p class="field__hint" id="build-lead">
        {build.lead}
      </p>
      <Body state={state} />
    </section>
  );
}

function Body({ state }: { readonly state: BuildState }) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const { build } = t.teach;
  switch (state.at) {
    case 'reading':
      return (
        <p class="field__hint">
          {build.reading} {state.seen > 0 && build.seen(state.seen, f.count(state.seen))}
        </p>
      );
    case 'planned':
      return <PlanForm draft={state.draft} />;
    case 'interrupted':
      return <Interrupted state={state} />;
    case 'running':
    case 'paused':
    case 'over':
      return <RunPanel state={state} />;
    case 'elsewhere':
      return (
        <>
          <p class="field__hint">{build.elsewhere}</p>
          <Buttons>
            <button type="button" class="button" onClick={() => void engine.building.look()}>
              {build.lookAgain}
            </button>
          </Buttons>
        </>
      );
    case 'idle':
    case 'unread':
    case 'nothing':
      return (
        <>
          {state.at === 'unread' && <p class="lesson__failure">{build.unread}</p>}
          {state.at === 'nothing' && (
            <>
              <p class="lesson__failure">{build.nothing}</p>
              <Aside told={asideText(state.aside, t, f)} />
            </>
          )}
          <Buttons>
            <PickFolder>{build.choose}</PickFolder>
          </Buttons>
        </>
      );
  }
}

/** Where the pressed button is gone with its state, the panel's title takes the focus. */
function useFocusOnChange(at: BuildState['at']): void {
  const before = useRef(at);
  useEffect(() => {
    if (before.current === at) return;
    before.current = at;
    const { activeElement } = document;
    if (activeElement && activeElement !== document.body) return;
    document.getElementById('build-title')?.focus({ preventScroll: true });
  }, [at]);
}
