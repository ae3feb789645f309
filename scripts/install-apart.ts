// Packages that a tool of the repository needs and the product does not: installed in a folder of their own.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const LISTS = ['package.json', 'package-lock.json'] as const;

/**
 * Installs what the package-lock.json of `lists` names into `folder`, unless it is there. Needs npm and, the first time,
 * a network.
 */
export function installApart(lists: string, folder: string): void {
  const listed = (at: string) => readFileSync(join(at, 'package-lock.json'), 'utf8');
  const done =
    existsSync(join(folder, 'node_modules')) &&
    existsSync(join(folder, 'package-lock.json')) &&
    listed(folder) === listed(lists);
  if (done) return;
  mkdirSync(folder, { recursive: true });
  for (const file of LISTS) copyFileSync(join(lists, file), join(folder, file));
  // No scripts: whatever they would fetch is not wanted.
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** A package of such a folder, or a path in one. */
export function requireApart<T>(folder: string, name: string): T {
  return createRequire(join(folder, 'package.json'))(name) as T;
}
