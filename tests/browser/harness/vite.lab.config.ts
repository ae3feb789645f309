// The page as shipped, and beside it the lab: a page that hands modules to browser tests.
import { resolve } from 'node:path';
import { mergeConfig } from 'vite';
import site from '../../../vite.config.ts';

export const ROOT = resolve(import.meta.dirname, '../../..');
/** Ignored by git; made anew for each run of the browser tests. */
export const LAB_OUT = resolve(ROOT, '.cache/lab');
export const LAB_PAGE = 'tests/browser/harness/lab.html';

export default mergeConfig(site, {
  logLevel: 'warn',
  build: {
    outDir: LAB_OUT,
    emptyOutDir: true,
    // Tests that fail in the page should name the line.
    sourcemap: true,
    rolldownOptions: {
      input: { index: resolve(ROOT, 'index.html'), lab: resolve(ROOT, LAB_PAGE) },
    },
  },
});
