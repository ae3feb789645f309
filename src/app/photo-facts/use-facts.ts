// What a photo says of itself, for components: read once for each photo, off the first load.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PhotoFacts } from './facts.ts';

const known = new WeakMap<Blob, Promise<PhotoFacts | null>>();

function factsOfPhoto(photo: Blob): Promise<PhotoFacts | null> {
  const before = known.get(photo);
  if (before) return before;
  const reading = import('./read-facts.ts').then(({ readFacts }) => readFacts(photo, Date.now()));
  known.set(photo, reading);
  // Offline before its chunk was kept: another look may find it.
  reading.catch(() => known.delete(photo));
  return reading;
}

/** Null until it has been read, and where nothing is said. */
export function usePhotoFacts(photo: Blob): PhotoFacts | null {
  const facts = useSignal<PhotoFacts | null>(null);
  useEffect(() => {
    let gone = false;
    factsOfPhoto(photo).then(
      (read) => {
        if (!gone) facts.value = read;
      },
      () => undefined, // the card goes without
    );
    return () => {
      gone = true;
    };
  }, [photo, facts]);
  return facts.value;
}
