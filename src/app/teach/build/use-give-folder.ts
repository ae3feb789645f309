// The one way in for folders, dropped or picked: to be planned, or to go on with the one that was interrupted.
import { useCallback } from 'preact/hooks';
import { useApp } from '../../app.ts';
import type { GivenFolder, OnSeen } from '../../teaching/building/folder-files.ts';

/** A stable function that gives a folder; what becomes of it is announced. */
export function useGiveFolder(): (read: (onSeen: OnSeen) => Promise<GivenFolder>) => void {
  const { engine, announcer, settings } = useApp();
  return useCallback(
    (read) => {
      void engine.building.give(read).then((taken) => {
        if (!taken) announcer.say(settings.messages.peek().teach.build.busy);
        // A long page: what was given shows where its panel is.
        document.getElementById('build-title')?.scrollIntoView({ block: 'nearest' });
      });
    },
    [engine, announcer, settings],
  );
}
