// A part of the page that is fetched when it is first wanted.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/**
 * What `load` brings; null until then, and `failed` where it did not come.
 * @param load a dynamic import, the same function in every render; @param wanted it is called once this is true
 */
export function useLazy<T extends object>(
  load: () => Promise<T>,
  wanted: boolean,
): T | 'failed' | null {
  const state = useSignal<T | 'failed' | null>(null);
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    const settle = (value: T | 'failed') => {
      if (!gone) state.value = value;
    };
    load().then(settle, () => settle('failed'));
    return () => {
      gone = true;
    };
  }, [load, wanted, state]);
  return state.value;
}
