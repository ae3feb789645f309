// The one way in for photos, from whatever source: into the queue, announced, with Recognize opened;
// on the place Teach they are what to teach with.
import { useCallback } from 'preact/hooks';
import { useApp } from '../app.ts';
import type { NamedPhoto } from './queue.ts';

/** A stable function that adds photos; an empty list says that nothing in it was a photo. */
export function useAddPhotos(): (photos: readonly NamedPhoto[]) => void {
  const { queue, lessons, router, announcer, settings } = useApp();
  return useCallback(
    (photos) => {
      const { recognize, teach } = settings.messages.peek();
      const shown = settings.format.peek().count(photos.length);
      if (photos.length === 0) {
        announcer.say(recognize.notAPhoto);
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
    [queue, lessons, router, announcer, settings],
  );
}
