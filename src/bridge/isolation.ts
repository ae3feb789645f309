// Cross-origin isolation, which WASM threads need, on hosts that do not send its headers.
import { registerWorker } from '../offline/register.ts';

/** Marks, for the life of the tab, that the page has been loaded anew once for isolation's sake. */
const RELOADED = 'cairn-isolation-reloaded';

export type Isolation =
  /** Threads may be used. */
  | 'isolated'
  /** The page is about to be loaded anew, isolated. Start nothing. */
  | 'reloading'
  /** One thread must do: the browser or its settings do not allow more. */
  | 'unavailable';

/**
 * Registers the service worker, which adds the headers, unless the host sends them, and loads the page
 * anew once. Never more than once: where that does not help, nothing will.
 *
 * @param root address of the built site's root, below which every page becomes isolated
 */
export async function ensureIsolation(root: string | URL = document.baseURI): Promise<Isolation> {
  if (globalThis.crossOriginIsolated) {
    forget();
    return 'isolated';
  }
  if (!globalThis.isSecureContext || !('serviceWorker' in navigator)) return 'unavailable';
  try {
    if (sessionStorage.getItem(RELOADED)) return 'unavailable';
    await registerWorker(root);
    await navigator.serviceWorker.ready;
    sessionStorage.setItem(RELOADED, '1');
  } catch {
    // Storage or service workers are switched off: without the mark a reload could loop.
    return 'unavailable';
  }
  location.reload();
  return 'reloading';
}

/** A later visit of the same tab, with the service worker gone, may try again. */
function forget(): void {
  try {
    sessionStorage.removeItem(RELOADED);
  } catch {
    // Nothing was marked, then.
  }
}
