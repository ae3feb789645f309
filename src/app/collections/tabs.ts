// Several tabs and one storage: who changes collections has the lock, and tells the others.

/** Installing, importing and deleting happen under it, one at a time over all tabs. */
const LOCK = 'cairn-collections';
const CHANNEL = 'cairn-collections';

/** Browsers without Web Locks have one tab's order only. */
export function exclusively<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!navigator.locks) return work();
  return signal
    ? navigator.locks.request(LOCK, { signal }, work)
    : navigator.locks.request(LOCK, work);
}

/** Does nothing, and gives null, while another tab has the lock. */
export async function whenFree<T>(work: () => Promise<T>): Promise<T | null> {
  if (!navigator.locks) return work();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? work() : null));
}

/** Whether this or another tab is changing collections now. */
export async function isBusy(): Promise<boolean> {
  const { held } = (await navigator.locks?.query()) ?? {};
  return held?.some(({ name }) => name === LOCK) ?? false;
}

/** What another tab has done; `cleared`: deleted all of it, for good. */
export type Change = 'changed' | 'cleared';

export interface Tabs {
  /** Tells the other tabs that something has changed, unless given more. */
  tell(change?: Change): void;
}

/**
 * @param hear called when another tab has changed something
 * @param name of what is changed; collections, unless given
 */
export function createTabs(hear: (change: Change) => void, name = CHANNEL): Tabs {
  if (typeof BroadcastChannel === 'undefined') return { tell: () => undefined };
  const channel = new BroadcastChannel(name);
  // A tab may have another version of the page: what it says beyond this is a change, too.
  channel.onmessage = ({ data }) => hear(data === 'cleared' ? 'cleared' : 'changed');
  return { tell: (change = 'changed') => channel.postMessage(change) };
}
