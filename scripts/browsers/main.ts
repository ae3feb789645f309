// npm run browsers: walks through the built page in Chromium, Firefox and WebKit, those that this machine has, and prints
// what became of each step and photo as JSON. Exit code 1 where a step failed, or a photo fared otherwise than in
// Chromium.
//
//   npm run browsers -- [--only firefox,webkit] [--out DIR] [--fresh]     pictures go to .cache/browsers-seen
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { printJson } from '../../src/cli/output.ts';
import { ROOT } from '../document.ts';
import { serveDrawn } from '../drawn-server.ts';
import type { Browser } from './driver.ts';
import { otherwise } from './otherwise.ts';
import { chromium, firefox } from './puppeteer.ts';
import { type WalkOutcome, walk } from './walk.ts';
import { webkit } from './webkit.ts';

const BROWSERS: readonly Browser[] = [chromium, firefox, webkit];

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: BROWSERS.map(({ name }) => name).join() },
    out: { type: 'string', default: join(ROOT, '.cache/browsers-seen') },
    fresh: { type: 'boolean', default: false },
  },
});
const out = resolve(values.out);
await mkdir(out, { recursive: true });
const wanted = values.only.split(',');
const outcomes: Partial<Record<Browser['name'], WalkOutcome>> = {};
let { fresh } = values;
for (const browser of BROWSERS.filter(({ name }) => wanted.includes(name))) {
  const driver = await browser.start();
  if (!driver) {
    process.stderr.write(`${browser.name} is not on this machine. ${browser.hint}\n`);
    continue;
  }
  // Each browser has a host of its own, which it loses at the end.
  const server = await serveDrawn(join(ROOT, '.cache/browsers-site'), fresh);
  fresh = false;
  try {
    outcomes[browser.name] = await walk(driver, {
      address: server.address,
      out,
      prefix: browser.name,
      hangUp: () => server.close(),
    });
  } finally {
    await driver.close();
    await server.close().catch(() => undefined);
  }
}
const reference = outcomes.chromium?.photos ?? [];
const differences = Object.fromEntries(
  Object.entries(outcomes).map(([name, { photos }]) => [name, otherwise(reference, photos)]),
);
printJson({ browsers: outcomes, differences });
const walked = Object.values(outcomes);
const failed = walked.some(({ steps }) => steps.some(({ problem }) => problem !== null));
const differ = Object.values(differences).some((list) => list.some(({ serious }) => serious));
if (walked.length === 0 || failed || differ) process.exitCode = 1;
