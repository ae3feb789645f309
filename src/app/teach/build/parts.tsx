// Small parts that the states of learning a folder share.
import type { ComponentChildren, TargetedEvent } from 'preact';
import { folderFromInput } from '../../teaching/building/folder-files.ts';
import { useGiveFolder } from './use-give-folder.ts';

/** Sentences on what is left out, as a list. */
export function Aside({ told }: { readonly told: readonly string[] }) {
  if (told.length === 0) return null;
  return (
    <ul class="build__aside" data-testid="build-aside">
      {told.map((one) => (
        <li key={one}>{one}</li>
      ))}
    </ul>
  );
}

export function Buttons({ children }: { readonly children: ComponentChildren }) {
  return <div class="tuning__buttons">{children}</div>;
}

/** A button that picks a folder: a file input that is seen by its label alone. */
export function PickFolder({ children }: { readonly children: ComponentChildren }) {
  const giveFolder = useGiveFolder();

  function picked({ currentTarget }: TargetedEvent<HTMLInputElement>) {
    const files = [...(currentTarget.files ?? [])];
    currentTarget.value = ''; // so that picking the same folder again is a change
    if (files.length > 0) giveFolder(async () => folderFromInput(files));
  }

  return (
    <span class="pick">
      <input
        id="build-folder"
        class="unseen"
        type="file"
        multiple
        {...{ webkitdirectory: true }}
        aria-describedby="build-lead"
        data-testid="build-folder"
        onChange={picked}
      />
      <label class="button" for="build-folder">
        {children}
      </label>
    </span>
  );
}
