// The built page with its collection of drawn scenes, served for tools that walk through it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, preview } from 'vite';
import { DRAWN_SITE, writeDrawnSite } from '../tests/browser/harness/drawn-site.ts';
import { ROOT } from './document.ts';

export interface DrawnServer {
  /** Of the page. */
  readonly address: string;
  /** Hangs up on whoever is connected. */
  close(): Promise<void>;
}

/**
 * @param folder that the page is built into; the browser tests empty theirs, so that each tool has its own
 * @param fresh builds the page even where it is there
 */
export async function serveDrawn(folder: string, fresh: boolean): Promise<DrawnServer> {
  process.env.NODE_ENV = 'production';
  // The report alone is for the standard output.
  const site = { configFile: join(ROOT, 'vite.config.ts'), logLevel: 'warn' as const };
  if (fresh || !existsSync(join(folder, DRAWN_SITE, 'sw.js'))) {
    await build({ ...site, build: { outDir: folder, emptyOutDir: true } });
    await writeDrawnSite(folder);
  }
  const server = await preview({
    ...site,
    build: { outDir: folder },
    preview: { port: 0, strictPort: false },
  });
  const [local] = server.resolvedUrls?.local ?? [];
  if (!local) throw new Error('The built page could not be served.');
  return { address: new URL(`${DRAWN_SITE}/`, local).href, close: () => server.close() };
}
