// Writes the service worker of a built site: the bundled src/offline/sw.ts, and the list of what it keeps.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { build, type Plugin } from 'vite';
import { filePolicy } from '../src/offline/content-policy.ts';
import {
  isForGpu,
  isForLater,
  isShellFile,
  type ShellFile,
  type ShellList,
  WORKER_FILE,
} from '../src/offline/shell-list.ts';

const ENTRY = resolve(import.meta.dirname, '../src/offline/sw.ts');
const hash = (content: string | Uint8Array) => createHash('sha256').update(content);

/** The shell of a site as its files are now. @param connect as of {@link filePolicy} */
export async function listShell(site: string, connect: readonly string[] = []): Promise<ShellList> {
  const entries = await readdir(site, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(site, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter(isShellFile)
    .sort();
  const files: ShellFile[] = [];
  for (const path of paths) {
    const content = await readFile(join(site, path));
    const integrity = `sha256-${hash(content).digest('base64')}`;
    const bytes = content.length;
    const file: ShellFile = { path, integrity, bytes };
    files.push({
      ...file,
      ...(isForGpu(path) && { gpu: true }),
      ...(isForLater(path) && { later: true }),
    });
  }
  const all = files.map(({ path, integrity }) => `${path} ${integrity}\n`).join('');
  return {
    build: hash(all).digest('hex').slice(0, 16),
    policy: filePolicy(connect),
    files,
  };
}

let bundled: Promise<string> | null = null;

/** A classic script: not every browser runs module workers as service workers. */
async function bundleWorker(): Promise<string> {
  const output = await build({
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: ENTRY, formats: ['iife'], name: 'cairnWorker', fileName: 'sw' },
    },
  });
  const [first] = Array.isArray(output) ? output : [output];
  const chunk = first && 'output' in first ? first.output[0] : null;
  if (!chunk) throw new Error('The service worker could not be bundled.');
  return chunk.code;
}

/** Writes sw.js for the files that the site has now. Anew after any of them has changed. */
export async function writeWorker(
  site: string,
  connect: readonly string[] = [],
): Promise<ShellList> {
  bundled ??= bundleWorker();
  const list = await listShell(site, connect);
  const text = `const CAIRN_SHELL = ${JSON.stringify(list)};\n${await bundled}`;
  await writeFile(join(site, WORKER_FILE), text);
  return list;
}

/** After everything else of the build is written. */
export function shellWorker(connect: readonly string[] = []): Plugin {
  let site = '';
  return {
    name: 'cairn-shell-worker',
    apply: 'build',
    configResolved: (config) => {
      site = resolve(config.root, config.build.outDir);
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler: async (error?: Error) => {
        if (!error) await writeWorker(site, connect);
      },
    },
  };
}
