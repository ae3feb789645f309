// What IndexedDB's failures mean to a user.
import { CairnError } from '../errors.ts';

/** No room is left. */
export function isQuota(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'QuotaExceededError';
}

/** A transaction that was given up, as where its connection went. */
export function isAbort(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'AbortError';
}

/** `storage-full` for {@link isQuota}, `storage-failed` for anything else. */
export function storageFailed(cause: unknown): CairnError {
  return isQuota(cause)
    ? new CairnError(
        'storage-full',
        'The browser gives Cairn no more room.',
        'Free disk space, or delete collections that you do not need.',
        { cause },
      )
    : new CairnError(
        'storage-failed',
        `The browser's storage does not work (${cause instanceof Error ? cause.message : cause}).`,
        'Reload the page; if it stays so, allow site data for this page.',
        { cause },
      );
}

export function blockedTooLong(): CairnError {
  return new CairnError(
    'storage-failed',
    "Cairn's storage is being used by an older version in another tab.",
    'Close the other tabs of this page and reload.',
  );
}
