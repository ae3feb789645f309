// A folder being learned, paused, or done: how far it is, the newest pictures, and what became of each photo.
import { useSignal } from '@preact/signals';
import { useApp, useWords } from '../../app.ts';
import type { Language } from '../../i18n/messages.ts';
import type { BuildState, NamedResult, RunView } from '../../teaching/building/building.ts';
import { nameOf } from '../name-of.ts';
import { AlikePairs } from './alike-pairs.tsx';
import { asideText, tallyText, timeLeft } from './build-text.ts';
import { Aside, Buttons, PickFolder } from './parts.tsx';

type State = Extract<BuildState, { run: unknown }>;

export function RunPanel({ state }: { readonly state: Exclude<State, { at: 'interrupted' }> }) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const { build } = t.teach;
  const { at, run } = state;
  const { building } = engine;
  const error = at === 'running' ? null : state.error;
  return (
    <div class="lesson build__run" data-testid="build-run" data-taught={run.tally.taught}>
      <div class="lesson__head">
        <h3 id="build-state">{build.states[at]}</h3>
        <p class="lesson__tally" data-testid="build-tally">
          {t.teach.doneOf(f.count(run.settled), f.count(run.total))}
        </p>
        <Controls at={at} />
      </div>
      {at !== 'over' && (
        <progress
          class="lesson__bar"
          aria-labelledby="build-state"
          max={run.total}
          value={run.settled}
        />
      )}
      {at === 'running' && (
        <p class="build__now">
          {run.landmark && <b>{run.landmark}</b>} <span>{timeLeft(run.leftMs, t, f)}</span>
        </p>
      )}
      {error && (
        <p class="lesson__failure" data-testid="build-error" data-code={error.code}>
          {t.errors[error.code].what} {t.errors[error.code].remedy}
        </p>
      )}
      {at === 'paused' && run.copies && error?.code === 'storage-full' && (
        <button type="button" class="button" onClick={() => void building.keepCopies(false)}>
          {build.goOnWithoutCopies}
        </button>
      )}
      {at !== 'over' && <Recent run={run} />}
      {at === 'over' && <Aside told={[...tallyText(run, t, f), ...asideText(run.aside, t, f)]} />}
      {at === 'over' && run.alike.length > 0 && <AlikePairs pairs={run.alike} />}
      {run.others.length > 0 && <Others others={run.others} />}
      {at === 'over' && run.alike.length === 0 && (
        <Buttons>
          <PickFolder>{build.chooseNext}</PickFolder>
        </Buttons>
      )}
    </div>
  );
}

function Controls({ at }: { readonly at: 'running' | 'paused' | 'over' }) {
  const { engine } = useApp();
  const { t } = useWords();
  const { build } = t.teach;
  const { building } = engine;
  if (at === 'over') {
    return (
      <button
        type="button"
        class="button button--quiet"
        data-testid="build-dismiss"
        onClick={() => void building.dismiss()}
      >
        {t.teach.dismiss}
      </button>
    );
  }
  // One button for both, so that it keeps the focus.
  const running = at === 'running';
  return (
    <>
      <button
        type="button"
        class="button"
        data-testid={running ? 'build-pause' : 'build-resume'}
        onClick={() => (running ? building.pause() : void building.resume())}
      >
        {running ? build.pause : build.resume}
      </button>
      <button
        type="button"
        class="button button--quiet"
        data-testid="build-stop"
        title={build.stopHint}
        onClick={() => void building.stop()}
      >
        {t.teach.stop}
      </button>
    </>
  );
}

function Recent({ run: { recent } }: { readonly run: RunView }) {
  const { t } = useWords();
  if (recent.length === 0) return null;
  return (
    <ul class="thumbs build__recent" aria-label={t.teach.build.recent} data-testid="build-recent">
      {recent.toReversed().map(({ id, name, url }) => (
        <li class="thumb" key={id}>
          <img src={url} alt={name} decoding="async" />
        </li>
      ))}
    </ul>
  );
}

/** Files named at once; the rest on demand. */
const FIRST = 50;

function Others({ others }: { readonly others: RunView['others'] }) {
  const { t, f } = useWords();
  const all = useSignal(false);
  const shown = all.value ? others : others.slice(0, FIRST);
  return (
    <details class="build__others" data-testid="build-others">
      <summary>{t.teach.build.notLearned(others.length, f.count(others.length))}</summary>
      <ul>
        {shown.map((one) => (
          <Other key={one.result.place} one={one} />
        ))}
      </ul>
      {shown.length < others.length && (
        <button
          type="button"
          class="button button--quiet"
          onClick={() => {
            all.value = true;
          }}
        >
          {t.teach.build.showAll(f.count(others.length))}
        </button>
      )}
    </details>
  );
}

function Other({ one: { path, result } }: { readonly one: NamedResult }) {
  const { t, language } = useWords();
  return (
    <li data-testid="build-other" data-at={result.at}>
      <span class="build__path">{path}</span> <span>{reason(result, t, language)}</span>
    </li>
  );
}

function reason(
  result: NamedResult['result'],
  t: ReturnType<typeof useWords>['t'],
  language: Language,
): string {
  switch (result.at) {
    case 'duplicate':
      return t.teach.build.sameFile(nameOf(result, language));
    case 'failed':
      return t.errors[result.code].what;
    case 'gone':
      return t.teach.build.goneFile;
  }
}
