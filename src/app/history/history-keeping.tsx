// Whether a history is kept, what is to be known of it, and the ways to delete it as a whole.
import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { useAct } from '../shell/use-act.ts';
import type { HistoryState } from './history.ts';
import { HISTORY_MOST } from './record.ts';

/** Takes the focus when what had it is gone. */
const SWITCH = 'history-switch';

export function HistoryKeeping({ state }: { readonly state: HistoryState }) {
  const { settings, announcer } = useApp();
  const { t, f } = useWords();
  const asking = useSignal<'nothing' | 'off' | 'all'>('nothing');
  const on = settings.keepsHistory.value;
  const count = state.entries.length;
  const there = count + state.damaged + state.newer;

  function turn() {
    settings.keepHistory(!on);
    announcer.say(on ? t.history.switchedOff : t.history.switchedOn);
    if (on && there > 0) asking.value = 'off';
  }

  return (
    <div class="history__keeping">
      <div class="history__switch">
        <button
          id={SWITCH}
          type="button"
          role="switch"
          class="switch"
          aria-checked={on}
          aria-labelledby="history-keep"
          aria-describedby="history-about"
          data-testid="history-switch"
          onClick={turn}
        >
          <span class="switch__knob" aria-hidden="true" />
        </button>
        <span id="history-keep">{t.history.keep}</span>
        {there > 0 && (
          <button
            type="button"
            class="button button--quiet"
            data-testid="history-clear"
            onClick={() => {
              asking.value = 'all';
            }}
          >
            {t.history.deleteAll}
          </button>
        )}
      </div>
      <p id="history-about" class="fine" data-testid="history-about">
        {on
          ? t.history.about(f.count(HISTORY_MOST))
          : there > 0
            ? t.history.offKept
            : t.history.off}
      </p>
      <Notes state={state} />
      {on && there === 0 && <p class="history__empty">{t.history.empty}</p>}
      {asking.value !== 'nothing' && <DeleteDialog asking={asking} count={there} />}
    </div>
  );
}

function Notes({ state }: { readonly state: HistoryState }) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const problem = engine.history.problem.value;
  return (
    <>
      {!state.lasts && !problem && <Note id="fleeting">{t.history.fleeting}</Note>}
      {problem && (
        <Note id="problem">
          {t.history.problem(t.errors[problem.code].what)} {t.errors[problem.code].remedy}
        </Note>
      )}
      {state.damaged > 0 && (
        <Note id="damaged">{t.history.damaged(state.damaged, f.count(state.damaged))}</Note>
      )}
      {state.newer > 0 && (
        <Note id="newer">{t.history.newer(state.newer, f.count(state.newer))}</Note>
      )}
    </>
  );
}

function Note({ id, children }: { readonly id: string; readonly children: ComponentChildren }) {
  return (
    <p class="history__warning" data-testid="history-note" data-id={id}>
      {children}
    </p>
  );
}

interface DeleteDialogProps {
  /** `off`: the history has just been switched off; then it may stay as it is. */
  readonly asking: Signal<'nothing' | 'off' | 'all'>;
  readonly count: number;
}

function DeleteDialog({ asking, count }: DeleteDialogProps) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const act = useAct();
  const dialog = useRef<HTMLDialogElement>(null);
  const texts = t.history;
  const off = asking.value === 'off';

  useEffect(() => dialog.current?.showModal(), []);

  function remove() {
    dialog.current?.close();
    void act(() => engine.history.clear(), texts.allDeleted, SWITCH);
  }

  return (
    <dialog
      ref={dialog}
      class="ask"
      aria-labelledby="history-ask-title"
      data-testid="history-ask"
      onClose={() => {
        asking.value = 'nothing';
      }}
    >
      <h2 id="history-ask-title">{off ? texts.offTitle : texts.deleteAllTitle}</h2>
      <p>
        {off && `${texts.offText(count, f.count(count))} `}
        {!off && texts.deleteAllText(count, f.count(count))}
      </p>
      <div class="ask__actions">
        <button
          type="button"
          class="button"
          data-testid="history-keep"
          onClick={() => dialog.current?.close()}
        >
          {off ? texts.keepThem : texts.cancel}
        </button>
        <button
          type="button"
          class="button button--accent"
          data-testid="history-confirm"
          onClick={remove}
        >
          {texts.deleteAll}
        </button>
      </div>
    </dialog>
  );
}
