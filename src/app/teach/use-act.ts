// A change to what was taught, with its announcement, and where the focus goes when its button is gone.
import { useCallback } from 'preact/hooks';
import { toPlainError } from '../../errors.ts';
import { useApp } from '../app.ts';

/** Resolves to whether it worked; what went wrong has been announced. */
export type Act = (
  change: () => Promise<void>,
  said: string,
  /** Id of the element that takes the focus when there is nothing focused any more. */
  focus?: string,
) => Promise<boolean>;

export function useAct(): Act {
  const { announcer, settings } = useApp();
  return useCallback(
    async (change, said, focus) => {
      try {
        await change();
      } catch (thrown) {
        const { teach, errors } = settings.messages.peek();
        const { code } = toPlainError(thrown);
        announcer.say(code === 'usage' ? teach.nameTaken : `${teach.failed} ${errors[code].what}`);
        return false;
      }
      announcer.say(said);
      // After the render that the change has set off.
      requestAnimationFrame(() => {
        if (focus && (!document.activeElement || document.activeElement === document.body)) {
          document.getElementById(focus)?.focus();
        }
      });
      return true;
    },
    [announcer, settings],
  );
}
