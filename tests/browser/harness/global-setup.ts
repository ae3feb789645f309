// Before the browser tests: builds page and lab once, puts test models beside them, serves them.
import { cp } from 'node:fs/promises';
import { resolve } from 'node:path';
import { build, preview } from 'vite';
import type { TestProject } from 'vitest/node';
import { ensureBrowser } from '../../../scripts/find-browser.ts';
import { writeDrawnSite } from './drawn-site.ts';
import { writeSmallCollection } from './small-collection.ts';
import { writeTinyModels } from './tiny-models.ts';
import { LAB_OUT, ROOT } from './vite.lab.config.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the built page, ending in a slash; the lab is beside it. */
    siteUrl: string;
    browserPath: string;
  }
}

const CONFIG = resolve(import.meta.dirname, 'vite.lab.config.ts');

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide('browserPath', ensureBrowser());
  // Vitest's own would make Vite build Preact and others for development.
  process.env.NODE_ENV = 'production';
  await build({ configFile: CONFIG });
  await cp(resolve(ROOT, 'tests/fixtures'), resolve(LAB_OUT, 'tests/fixtures'), {
    recursive: true,
  });
  await writeTinyModels(resolve(LAB_OUT, 'test-models/right'), 'right');
  await writeTinyModels(resolve(LAB_OUT, 'test-models/wrong'), 'wrong');
  await writeSmallCollection(resolve(LAB_OUT, 'test-collections/small'));
  await writeDrawnSite(LAB_OUT);
  const server = await preview({ configFile: CONFIG, preview: { port: 0, strictPort: false } });
  const [url] = server.resolvedUrls?.local ?? [];
  if (!url) throw new Error('The built page could not be served.');
  project.provide('siteUrl', url);
  return () => server.close();
}
