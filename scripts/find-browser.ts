// Finds Chrome or Chromium for the browser tests, and fetches one where there is none.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/** Environment variable with the path of the browser to use. */
export const BROWSER_VARIABLE = 'CHROME_PATH';

const COMMANDS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
];

function usualPlaces(): string[] {
  const env = process.env;
  if (process.platform === 'darwin') {
    const apps = ['/Applications', join(env.HOME ?? '', 'Applications')];
    return apps.flatMap((folder) =>
      ['Google Chrome', 'Chromium'].map((app) => join(folder, `${app}.app/Contents/MacOS`, app)),
    );
  }
  if (process.platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA];
    return roots.flatMap((root) =>
      ['Google\\Chrome', 'Chromium'].map((app) => join(root ?? '', app, 'Application\\chrome.exe')),
    );
  }
  return ['/opt/google/chrome/chrome', '/snap/bin/chromium', '/usr/lib/chromium/chromium'];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Path of a browser on this machine, or null. Throws when CHROME_PATH names none. */
export function findBrowser(): string | null {
  const named = process.env[BROWSER_VARIABLE];
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`${BROWSER_VARIABLE} is "${named}", which is no program.`);
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const onPath = folders.flatMap((folder) => COMMANDS.map((command) => join(folder, command)));
  return [...onPath, ...usualPlaces(), chromium.executablePath()].find(isExecutable) ?? null;
}

/** Finds a browser; installs Debian's package as root there, elsewhere Playwright's own download. */
export function ensureBrowser(): string {
  const found = findBrowser();
  if (found) return found;
  if (isDebian() && process.getuid?.() === 0) {
    run('apt-get', ['update']);
    run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
  } else {
    const playwright = dirname(
      createRequire(import.meta.url).resolve('playwright-core/package.json'),
    );
    run(process.execPath, [join(playwright, 'cli.js'), 'install', 'chromium']);
  }
  const installed = findBrowser();
  if (installed) return installed;
  throw new Error(`No browser could be installed. Set ${BROWSER_VARIABLE} to Chrome or Chromium.`);
}

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

function run(command: string, args: readonly string[]): void {
  console.error(`No browser found: ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, {
    // Standard output is for the path alone.
    stdio: ['ignore', 2, 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (error || status !== 0) throw new Error(`${command} failed: ${error?.message ?? status}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(ensureBrowser());
