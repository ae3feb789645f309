// The place where the user teaches landmarks: a form for new ones, the lesson, what was taught, fine-tuning.
import { useWords } from '../app.ts';
import { BuildPanel } from './build/build-panel.tsx';
import { LessonView } from './lesson-view.tsx';
import { NewLandmark } from './new-landmark.tsx';
import { TaughtList } from './taught-list.tsx';
import { TuningPanel } from './tuning-panel.tsx';

export function TeachPlace() {
  const { t } = useWords();
  return (
    <section aria-labelledby="teach-title">
      <h1 id="teach-title" class="place__title" tabIndex={-1}>
        {t.teach.title}
      </h1>
      <p class="place__lead">{t.teach.lead}</p>
      <NewLandmark />
      <LessonView />
      <BuildPanel />
      <TaughtList />
      <TuningPanel />
    </section>
  );
}
