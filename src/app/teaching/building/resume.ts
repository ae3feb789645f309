// A folder given again after the page was closed: which of its files still have to be looked at.
import type { GivenFile } from './folder-files.ts';
import type { FolderFile } from './folder-plan.ts';

export interface Pending {
  readonly place: number;
  /** Null where the folder given lacks it. */
  readonly file: GivenFile | null;
}

/**
 * Files of the plan that are not done, and those that have changed since they were.
 * @param planned in the plan's order
 * @param done places of files that are settled
 * @param given all files of the folder given again; its own name may have changed
 */
export function pendingFiles(
  planned: readonly FolderFile[],
  done: ReadonlySet<number>,
  given: readonly GivenFile[],
): Pending[] {
  const exact = new Map(given.map((file) => [file.path, file]));
  const below = new Map(given.map((file) => [withoutRoot(file.path), file]));
  const roots = (files: readonly FolderFile[]) =>
    new Set(files.map(({ path }) => path.split('/')[0]));
  const renamed = roots(planned).size === 1 && roots(given).size === 1;
  return planned.flatMap((old, place) => {
    const file =
      exact.get(old.path) ?? (renamed ? below.get(withoutRoot(old.path)) : undefined) ?? null;
    if (!done.has(place)) return [{ place, file }];
    const changed = file && (file.size !== old.size || file.lastModified !== old.lastModified);
    return changed ? [{ place, file }] : [];
  });
}

/** Whether this can be the folder that was meant: some of what is left is in it, or nothing is left. */
export function isSameFolder(pending: readonly Pending[]): boolean {
  return pending.length === 0 || pending.some(({ file }) => file !== null);
}

function withoutRoot(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}
