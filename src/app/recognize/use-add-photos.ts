// The one way in for photos, from whatever source: into the queue, announced, with Recognize opened;
// on the place Teach they are what to teach with. Collections in one file, dropped with them, are imported.
import { useCallback } from 'preact/hooks';
import { CONTAINER_ENDING } from '../../retrieval/container.ts';
import { useApp } from '../app.ts';
import type { NamedPhoto } from './queue.ts';

/** A stable function that adds photos; an empty list says that nothing in it was a photo. */
export function useAddPhotos(): (photos: readonly NamedPhoto[]) => void {
  const { queue, lessons, transfers, jobs, router, announcer, settings } = useApp();
  return useCallback(
    (photos) => {
      const { recognize, teach } = settings.messages.peek();
      const shown = settings.format.peek().count(photos.length);
      if (photos.length === 0) {
        announcer.say(recognize.notAPhoto);
        return;
      }
      const container = photos.find(({ name }) => name.toLowerCase().endsWith(CONTAINER_ENDING));
      if (container) {
        if (router.place.peek() === 'teach') void transfers.import(container.blob);
        else {
          router.go('collections');
          void jobs.import(container.blob, container.name);
        }
        return;
      }
      if (router.place.peek() === 'teach') {
        lessons.stage(photos);
        announcer.say(teach.addedToDraft(photos.length, shown));
        return;
      }
      announcer.say(recognize.added(photos.length, shown));
      queue.add(photos);
      router.go('recognize');
    },
    [queue, lessons, transfers, jobs, router, announcer, settings],
  );
}
