// The packages that Cairn is measured beside: installed in a folder of their own, never among the product's.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installApart, requireApart } from '../../scripts/install-apart.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** Of the cache, which git ignores. */
export const PEERS_FOLDER = join(ROOT, '.cache/peers');
/** What `npx tsx bench/peers/export.ts` writes, by Python. */
export const EXPORTS_FOLDER = join(PEERS_FOLDER, 'exports');

/** Installs what bench/peers/package-lock.json names, unless it is there. Needs npm and, the first time, a network. */
export function installPeers(): void {
  installApart(import.meta.dirname, PEERS_FOLDER);
}

/** A CommonJS package. @param name of it, or a path in it */
export function requirePeer<T>(name: string): T {
  return requireApart<T>(PEERS_FOLDER, name);
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
