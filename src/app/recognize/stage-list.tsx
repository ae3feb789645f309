// The stages of a photo as a path of stones: behind, here, ahead.
import { useApp, useWords } from '../app.ts';
import { PHOTO_STAGES, type PhotoItem, stageStanding } from './queue-state.ts';

export function StageList({ at }: { readonly at: PhotoItem['at'] }) {
  const { engine } = useApp();
  const { t } = useWords();
  const stages = PHOTO_STAGES.filter((stage) => stage !== 'match' || engine.verifies.value);
  const current = at.state === 'working' ? at.stage : null;
  return (
    <>
      <h4 class="card__subtitle">{t.recognize.stagesLabel}</h4>
      <ol class="stages">
        {stages.map((stage) => {
          const standing = stageStanding(stage, current);
          return (
            <li
              key={stage}
              class={`stages__step stages__step--${standing}`}
              aria-current={standing === 'now' ? 'step' : undefined}
            >
              <span class="pebble" aria-hidden="true" />
              {t.stages[stage]}
            </li>
          );
        })}
      </ol>
    </>
  );
}
