// The small copy of a taught photo, as an address for as long as a component shows it.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp } from '../app.ts';

/** Null until it is read, and where the copy is gone. @param id as `VerifiedReference.picture` names it */
export function useOwnPicture(id: string): string | null {
  const { engine } = useApp();
  const url = useSignal<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let gone = false;
    engine.teaching.picture(id).then(
      (picture) => {
        if (!picture || gone) return;
        made = URL.createObjectURL(picture.blob);
        url.value = made;
      },
      () => undefined, // as where it is gone
    );
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [id, engine, url]);
  return url.value;
}
