// How much the browser would still store for this page.
import { CairnError } from '../../errors.ts';

/** Bytes left of the quota; null where the browser does not say. */
export async function storageLeft(): Promise<number | null> {
  const estimate = await navigator.storage?.estimate().catch(() => null);
  return estimate?.quota === undefined ? null : Math.max(0, estimate.quota - (estimate.usage ?? 0));
}

/** Throws `storage-full` where so many bytes do not fit; what cannot be known is left to the writing. */
export async function refuseWithoutRoom(bytes: number): Promise<void> {
  const left = await storageLeft();
  if (left === null || left >= bytes) return;
  throw new CairnError(
    'storage-full',
    `${bytes} bytes are needed, and ${left} are left for this page.`,
    'Free disk space, or delete collections that you do not need.',
  );
}
