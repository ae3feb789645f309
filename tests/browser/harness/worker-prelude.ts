// Code that runs in a worker of the built page before the worker's own: faults that come from inside it, and counters.
import type { BrowserContext } from 'playwright-core';

export const WORKERS = ['encoder', 'index', 'matcher', 'trainer'] as const;
export type WorkerKind = (typeof WORKERS)[number];

/** For pages' init scripts: a browser without service workers, which would answer for workers' scripts. */
export const WITHOUT_SERVICE_WORKER = 'delete Navigator.prototype.serviceWorker;';

/**
 * For all workers of these kinds that the context's pages start from now on; see {@link WITHOUT_SERVICE_WORKER}.
 * @param code of a classic script; it sees the worker's global scope
 */
export async function beforeWorker(
  context: BrowserContext,
  kinds: readonly WorkerKind[],
  code: string,
): Promise<void> {
  // A name, and the eight characters of its hash.
  const script = new RegExp(`/assets/(${kinds.join('|')})-[\\w-]{8}\\.js$`);
  await context.route(script, async (route) => {
    // The page's own entry is called as the index's worker is, but asked for with its origin.
    if ('origin' in (await route.request().allHeaders())) return route.fallback();
    const response = await route.fetch();
    const name = new URL(route.request().url()).pathname.split('/').at(-1);
    // Parts that a worker fetches late import from its own script.
    const body = `import './${name}?before'; export * from './${name}?own';`;
    return route.fulfill({ response, body });
  });
  await context.route(/\/assets\/[^/]*\.js\?before$/, async (route) => {
    await route.fulfill({ response: await route.fetch(), body: code });
  });
}
