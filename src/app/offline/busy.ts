// Whether anything is under way that loading the page anew would cut.
import { computed, type ReadonlySignal } from '@preact/signals';
import type { App } from '../app.ts';

type Works = Pick<App, 'engine' | 'queue' | 'lessons' | 'transfers' | 'jobs'>;

/** True while a photo waits or is worked on, and while something is taught, built, tuned, imported or saved. */
export function busyWith({
  engine,
  queue,
  lessons,
  transfers,
  jobs,
}: Works): ReadonlySignal<boolean> {
  const tuning = computed(() => engine.tuning.value?.state.value.at);
  return computed(
    () =>
      queue.items.value.some(({ at }) => at.state === 'queued' || at.state === 'working') ||
      lessons.lesson.value?.state === 'running' ||
      transfers.transfer.value?.at === 'running' ||
      jobs.job.value?.at === 'running' ||
      ['reading', 'running'].includes(engine.building.state.value.at) ||
      ['preparing', 'running', 'applying'].includes(tuning.value ?? ''),
  );
}
