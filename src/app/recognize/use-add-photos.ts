// The one way in for photos, from whatever source: into the queue, announced, with Recognize opened.
import { useCallback } from 'preact/hooks';
import { useApp } from '../app.ts';
import type { NamedPhoto } from './queue.ts';

/** A stable function that adds photos; an empty list says that nothing in it was a photo. */
export function useAddPhotos(): (photos: readonly NamedPhoto[]) => void {
  const { queue, router, announcer, settings } = useApp();
  return useCallback(
    (photos) => {
      const { recognize } = settings.messages.peek();
      if (photos.length === 0) {
        announcer.say(recognize.notAPhoto);
        return;
      }
      announcer.say(recognize.added(photos.length, settings.format.peek().count(photos.length)));
      queue.add(photos);
      router.go('recognize');
    },
    [queue, router, announcer, settings],
  );
}
