// Installing the page as an app, where the browser offers it.
import { type ReadonlySignal, signal } from '@preact/signals';

/** Chromium's; not in TypeScript's types. */
interface InstallPromptEvent extends Event {
  prompt(): Promise<unknown>;
}

export interface Installing {
  /** Whether the browser would install the page now. */
  readonly offered: ReadonlySignal<boolean>;
  /** Shows the browser's own question. */
  ask(): Promise<void>;
}

/** Before the page is drawn: the browser says it once, early. */
export function createInstalling(): Installing {
  const offered = signal(false);
  let event: InstallPromptEvent | null = null;
  addEventListener('beforeinstallprompt', (prompt) => {
    event = prompt as InstallPromptEvent;
    offered.value = true;
  });
  addEventListener('appinstalled', () => {
    event = null;
    offered.value = false;
  });
  return {
    offered,
    async ask() {
      const given = event;
      // It can be used once; the browser offers it again if the user may be asked again.
      event = null;
      offered.value = false;
      await given?.prompt();
    },
  };
}
