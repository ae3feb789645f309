// One tab at a time: locks that all tabs of this page share.

/** Each change to what was taught reads, changes and writes under this lock. */
const TAUGHT = 'cairn-taught';

/** Work under one name is done one after the other. Browsers without Web Locks have no order. */
export function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
  const { locks } = navigator as { readonly locks?: LockManager };
  return locks ? locks.request(name, work) : work();
}

/** Work on what was taught. */
export function locked<T>(work: () => Promise<T>): Promise<T> {
  return inTurn(TAUGHT, work);
}

/**
 * Holds a lock until it is released, or until the page goes.
 * @returns how to release it; null when another tab has it
 */
export function holdIfFree(name: string): Promise<(() => void) | null> {
  const { locks } = navigator as { readonly locks?: LockManager };
  if (!locks) return Promise.resolve(() => undefined);
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) {
          resolve(null);
          return undefined;
        }
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

/** Whether no tab has it just now. */
export async function isFree(name: string): Promise<boolean> {
  const release = await holdIfFree(name);
  release?.();
  return release !== null;
}
