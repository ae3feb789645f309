// A folder that an earlier visit did not get through: how far it was, and how to go on.
import { useApp, useWords } from '../../app.ts';
import { useAct } from '../../shell/use-act.ts';
import type { BuildState } from '../../teaching/building/building.ts';
import { Buttons, PickFolder } from './parts.tsx';

type State = Extract<BuildState, { at: 'interrupted' }>;

export function Interrupted({ state }: { readonly state: State }) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const act = useAct();
  const { build } = t.teach;
  const { run, again, problem } = state;
  return (
    <div class="lesson build__run">
      <p data-testid="build-interrupted">
        {build.interrupted(f.count(run.settled), f.count(run.total))}{' '}
        {again ? build.readAgain : build.chooseAgain}
      </p>
      <progress
        class="lesson__bar"
        aria-labelledby="build-title"
        max={run.total}
        value={run.settled}
      />
      {problem && (
        <p class="lesson__failure" role="alert" data-testid="build-problem" data-problem={problem}>
          {problem === 'refused' ? build.refused : build.otherFolder}
        </p>
      )}
      <Buttons>
        {again && (
          <button
            type="button"
            class="button button--accent"
            data-testid="build-again"
            onClick={() => void engine.building.again()}
          >
            {build.goOn}
          </button>
        )}
        <PickFolder>{build.chooseToGoOn}</PickFolder>
        <button
          type="button"
          class="button button--quiet"
          data-testid="build-forget"
          onClick={() => act(() => engine.building.dismiss(), build.forgotten, 'build-title')}
        >
          {build.forget}
        </button>
      </Buttons>
    </div>
  );
}
