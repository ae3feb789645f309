// A change to what is kept, with its announcement, its failure in sight, and where the focus goes when its button is gone.
import { useCallback } from 'preact/hooks';
import { type PlainError, toPlainError } from '../../errors.ts';
import { useApp } from '../app.ts';
import { errorText } from '../i18n/error-text.ts';
import type { Messages } from '../i18n/messages.ts';
import { NAME_TAKEN } from '../teaching/teaching.ts';

/** Resolves to whether it worked; what went wrong is shown, and said by being an alert. */
export type Act = (
  change: () => Promise<void>,
  said: string,
  /** Id of the element that takes the focus when there is nothing focused any more. */
  focus?: string,
) => Promise<boolean>;

export function useAct(): Act {
  const { announcer, failure, settings } = useApp();
  return useCallback(
    async (change, said, focus) => {
      failure.value = null;
      try {
        await change();
      } catch (thrown) {
        failure.value = failureText(toPlainError(thrown), settings.messages.peek());
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
    [announcer, failure, settings],
  );
}

/** Why a change did not happen, and what to do; nothing where the user has stopped it. */
export function failureText(error: PlainError, messages: Messages): string | null {
  if (error.code === 'aborted') return null;
  if (error.subject === NAME_TAKEN) return messages.teach.nameTaken;
  const { what, remedy } = errorText(messages, error);
  return `${messages.app.changeFailed} ${what} ${remedy}`;
}
