// The packages that Cairn is measured beside: installed in a folder of their own, never among the product's.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = resolve(import.meta.dirname, '../..');
/** Of the cache, which git ignores. */
export const PEERS_FOLDER = join(ROOT, '.cache/peers');
/** What `npx tsx bench/peers/export.ts` writes, by Python. */
export const EXPORTS_FOLDER = join(PEERS_FOLDER, 'exports');

const LISTS = ['package.json', 'package-lock.json'] as const;

/** Installs what bench/peers/package-lock.json names, unless it is there. Needs npm and, the first time, a network. */
export function installPeers(): void {
  const listed = (folder: string) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const done =
    existsSync(join(PEERS_FOLDER, 'node_modules')) &&
    existsSync(join(PEERS_FOLDER, 'package-lock.json')) &&
    listed(PEERS_FOLDER) === listed(import.meta.dirname);
  if (done) return;
  mkdirSync(PEERS_FOLDER, { recursive: true });
  for (const file of LISTS) copyFileSync(join(import.meta.dirname, file), join(PEERS_FOLDER, file));
  // No scripts: what is measured has its binaries in the package.
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: PEERS_FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** A CommonJS package. @param name of it, or a path in it */
export function requirePeer<T>(name: string): T {
  return createRequire(join(PEERS_FOLDER, 'package.json'))(name) as T;
}

/** An ES module. @param path from the folder of packages */
export async function importPeer<T>(path: string): Promise<T> {
  return (await import(pathToFileURL(peerFile(path)).href)) as T;
}

/** @param path from the folder of packages */
export function peerFile(path: string): string {
  return join(PEERS_FOLDER, 'node_modules', path);
}

/** Of a package in either folder. */
export function versionOf(name: string, folder = PEERS_FOLDER): string {
  const file = join(folder, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

export function ownVersionOf(name: string): string {
  return versionOf(name, ROOT);
}
