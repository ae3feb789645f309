// Registers the service worker of the site.
import { WORKER_FILE } from './shell-list.ts';

/**
 * @param root address of the built site's root, below which every page belongs to the worker
 * @throws what the browser throws where workers, or storage, are switched off, or the file is missing
 */
export function registerWorker(root: string | URL): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.register(new URL(WORKER_FILE, root), {
    // Hosts may tell browsers to keep any file for long, and this one says which build is the newest.
    updateViaCache: 'none',
  });
}
