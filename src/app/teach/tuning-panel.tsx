// Fine-tuning on the place Teach: what it is, how far it is, and what to do with its result.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { PlainError } from '../../errors.ts';
import type { Progress } from '../../progress.ts';
import { GPU_FAILED } from '../../training/tuning/gpu-failure.ts';
import type { TuningScope } from '../../training/tuning/trainer-keep.ts';
import { useApp, useWords } from '../app.ts';
import type { Messages } from '../i18n/messages.ts';
import { saveFile } from '../shell/save-file.ts';
import { type Act, useAct } from '../shell/use-act.ts';
import type { Tuning, TuningState } from '../teaching/tuning.ts';
import { Curves } from './curves.tsx';
import { FiguresTable } from './figures-table.tsx';
import { TuningChoice } from './tuning-choice.tsx';

const FILES = {
  head: 'cairn-head.safetensors',
  'last-stage': 'cairn-last-stage.safetensors',
} as const satisfies Record<TuningScope, string>;

export function TuningPanel() {
  const { engine } = useApp();
  const { t } = useWords();
  const tuning = engine.tuning.value;
  return (
    <section
      class="tuning"
      aria-labelledby="tuning-title"
      data-testid="tuning"
      data-at={tuning?.state.value.at}
    >
      <h2 id="tuning-title" tabIndex={-1}>
        {t.teach.tuning.title}
      </h2>
      <p class="field__hint">{t.teach.tuning.lead}</p>
      {tuning ? <Body tuning={tuning} /> : <p class="field__hint">{t.teach.tuning.waiting}</p>}
    </section>
  );
}

function Body({ tuning }: { readonly tuning: Tuning }) {
  const act = useAct();
  const state = tuning.state.value;
  useAnnouncedState(state);
  return (
    <>
      <InUse tuning={tuning} act={act} />
      {(state.at === 'idle' || state.at === 'failed' || state.at === 'elsewhere') && (
        <Begin tuning={tuning} state={state} act={act} />
      )}
      {state.at === 'preparing' && <Preparing progress={state.progress} />}
      {'run' in state && <Run tuning={tuning} state={state} act={act} />}
    </>
  );
}

/** The photos are looked at once, which takes most of the time before the first step. */
function Preparing({ progress }: { readonly progress: Progress | null }) {
  const { t, f } = useWords();
  const photos = progress?.unit === 'photos' ? progress : null;
  return (
    <>
      <p class="field__hint">
        {t.teach.tuning.preparing}
        {photos && ` ${t.teach.doneOf(f.count(photos.done), f.count(photos.total))}`}
      </p>
      <progress
        class="lesson__bar"
        aria-labelledby="tuning-title"
        {...(photos ? { max: photos.total, value: photos.done } : {})}
      />
    </>
  );
}

/** Says when a run starts, pauses, ends or fails; not each step. */
function useAnnouncedState(state: TuningState): void {
  const { announcer } = useApp();
  const { t } = useWords();
  const { at } = state;
  const before = useRef(at);
  useEffect(() => {
    if (before.current === at) return;
    before.current = at;
    if (at !== 'idle') announcer.say(t.teach.tuning.announce[at]);
  }, [at, announcer, t]);
}

interface PartProps {
  readonly tuning: Tuning;
  readonly act: Act;
}

/** What is in use, with the way back. */
function InUse({ tuning, act }: PartProps) {
  const { t } = useWords();
  const active = tuning.active.value;
  if (!active) return null;
  return (
    <div class="tuning__active" data-testid="tuning-active" data-scope={active.scope}>
      <p>
        <b>{t.teach.tuning.scopes[active.scope].inUse}</b>
      </p>
      <FiguresTable scope={active.scope} before={active.before} after={active.figures} />
      <Buttons>
        <Press
          id="tuning-undo"
          onPress={() => act(() => tuning.undo(), t.teach.tuning.undone, 'tuning-title')}
        >
          {t.teach.tuning.undo}
        </Press>
        {!('run' in tuning.state.value) && <Export tuning={tuning} act={act} />}
      </Buttons>
    </div>
  );
}

function failureOf({ code, subject }: PlainError, { errors, teach }: Messages): string {
  if (subject === GPU_FAILED) return teach.tuning.gpuFailed;
  return code === 'usage' ? teach.tuning.changed : errors[code].what;
}

function Begin({ tuning, state, act }: PartProps & { readonly state: TuningState }) {
  const { t, f } = useWords();
  const words = t.teach.tuning;
  const refusal = tuning.refusal.value;
  const saved = tuning.saved.value;
  return (
    <>
      <TuningChoice tuning={tuning} />
      {state.at === 'failed' && (
        <p class="lesson__failure" data-testid="tuning-failed" data-code={state.error.code}>
          {failureOf(state.error, t)}
        </p>
      )}
      {state.at === 'elsewhere' && (
        <p class="lesson__failure" data-testid="tuning-elsewhere">
          {words.announce.elsewhere}
        </p>
      )}
      {refusal && (
        <p class="field__hint" data-testid="tuning-refusal" data-refusal={refusal}>
          {words.refusals[refusal]}
        </p>
      )}
      {saved && !refusal && (
        <p class="field__hint">
          {words.interrupted(
            words.scopes[saved.scope].name,
            f.count(saved.step),
            f.count(saved.steps),
          )}
        </p>
      )}
      {!refusal && (
        <Buttons>
          {saved && (
            <>
              <Press id="tuning-resume-saved" onPress={() => tuning.resumeSaved()}>
                {words.resumeSaved}
              </Press>
              <Press
                id="tuning-discard"
                look="quiet"
                onPress={() => act(() => tuning.discard(), words.discarded, 'tuning-title')}
              >
                {words.discard}
              </Press>
            </>
          )}
          <Press id="tuning-start" onPress={() => tuning.start()}>
            {saved ? words.startAnew : words.start}
          </Press>
        </Buttons>
      )}
    </>
  );
}

function Run({
  tuning,
  state,
  act,
}: PartProps & { readonly state: Extract<TuningState, { run: unknown }> }) {
  const { t, f } = useWords();
  const words = t.teach.tuning;
  const { run, at } = state;
  const { scope, backend, step, steps, points, before, best, photos, landmarks } = run;
  const on = backend.backend === 'webgpu' ? 'WebGPU' : 'WASM';
  return (
    <>
      <p class="tuning__facts">
        <b>{words.states[at]}</b>
        <span>{words.scopes[scope].name}</span>
        <span data-testid="tuning-step">{words.stepOf(f.count(step), f.count(steps))}</span>
        <span>{words.on(on, f.count(photos), f.count(landmarks))}</span>
      </p>
      <progress class="lesson__bar" aria-labelledby="tuning-title" max={steps} value={step} />
      <Buttons>
        {at === 'running' && (
          <Press id="tuning-pause" onPress={() => tuning.pause()}>
            {words.pause}
          </Press>
        )}
        {at === 'paused' && (
          <Press id="tuning-resume" onPress={() => tuning.resume()}>
            {words.resume}
          </Press>
        )}
        {(at === 'running' || at === 'paused') && (
          <Press id="tuning-stop" look="quiet" onPress={() => tuning.stop()}>
            {words.stop}
          </Press>
        )}
        {at === 'over' && best && (
          <Press
            id="tuning-apply"
            look="accent"
            onPress={() => act(() => tuning.apply(), words.scopes[scope].applied, 'tuning-title')}
          >
            {words.apply}
          </Press>
        )}
        {(at === 'paused' || at === 'over') && best && <Export tuning={tuning} act={act} />}
        {at === 'over' && (
          <Press
            id="tuning-discard"
            look="quiet"
            onPress={() => act(() => tuning.discard(), words.discarded, 'tuning-title')}
          >
            {words.discard}
          </Press>
        )}
      </Buttons>
      {at === 'over' && (
        <p class="field__hint">{best ? words.bestAt(f.count(best.step)) : words.noBetter}</p>
      )}
      <div class="tuning__results">
        <Curves points={points} steps={steps} />
        <FiguresTable scope={scope} before={before} after={best?.figures ?? null} />
      </div>
    </>
  );
}

function Export({ tuning, act }: PartProps) {
  const { t } = useWords();
  const state = tuning.state.value;
  const scope = 'run' in state ? state.run.scope : (tuning.active.value?.scope ?? 'head');
  const save = async () => {
    const tuned = await tuning.exported();
    if (tuned) saveFile(tuned.file, FILES[tuned.scope]);
  };
  return (
    <Press
      id="tuning-export"
      look="quiet"
      onPress={() => act(save, t.teach.tuning.exported(FILES[scope]))}
    >
      {t.teach.tuning.export}
    </Press>
  );
}

function Buttons({ children }: { readonly children: ComponentChildren }) {
  return <div class="tuning__buttons">{children}</div>;
}

interface PressProps {
  readonly id: string;
  readonly look?: 'quiet' | 'accent';
  readonly onPress: () => void;
  readonly children: ComponentChildren;
}

function Press({ id, look, onPress, children }: PressProps) {
  return (
    <button
      type="button"
      class={look ? `button button--${look}` : 'button'}
      data-testid={id}
      onClick={onPress}
    >
      {children}
    </button>
  );
}
