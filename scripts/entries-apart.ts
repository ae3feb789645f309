// For the builds of workers.
import type { Plugin } from 'vite';

/**
 * Parts that a worker fetches late must not import the worker's own script: WebKit runs that a second time then, and the
 * worker has forgotten all it was told. What they share gets a file of its own. (Vite sets the option behind whatever
 * its configuration says.)
 */
export function entriesApart(): Plugin {
  return {
    name: 'cairn-entries-apart',
    options: (options) => ({ ...options, preserveEntrySignatures: 'strict' }),
  };
}
