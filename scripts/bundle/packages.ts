// npx tsx scripts/bundle/packages.ts: how much of each package the built page contains, compressed; JSON.
//
// The code of a package's modules that is left after tree shaking, minified and compressed by itself, and its files that
// are taken as they are. A module that several workers have counts once. Sums differ a little from those of chunks.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { minifySync } from 'rolldown/utils';
import { build, type Plugin } from 'vite';
import { ROOT } from '../document.ts';
import { packageFolders } from '../third-party-licences.ts';

interface Part {
  /** By module. */
  readonly code: Map<string, string>;
  /** Bytes after gzip, by name. */
  readonly files: Map<string, number>;
}

const packages = new Map<string, Part>();

function partOf(id: string): Part | null {
  const [folder] = packageFolders([{ moduleIds: [id] }]);
  if (folder === undefined) return null;
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const part = packages.get(name) ?? { code: new Map(), files: new Map() };
  packages.set(name, part);
  return part;
}

const gzip = (content: string | Uint8Array) => gzipSync(content, { level: 9 }).length;

const weigh = (): Plugin => ({
  name: 'weigh',
  async generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === 'chunk') {
        for (const [id, { code }] of Object.entries(file.modules)) {
          if (code) partOf(id)?.code.set(id, code);
        }
      } else {
        for (const path of file.originalFileNames) {
          partOf(path)?.files.set(basename(path), gzip(await readFile(join(ROOT, path))));
        }
      }
    }
  },
});

const outDir = await mkdtemp(join(tmpdir(), 'cairn-packages-'));
await build({
  root: ROOT,
  logLevel: 'error',
  configFile: join(ROOT, 'vite.config.ts'),
  plugins: [weigh()],
  worker: { format: 'es', plugins: () => [weigh()] },
  build: { outDir, emptyOutDir: true },
});
await rm(outDir, { recursive: true });
const rows = [...packages].map(([name, { code, files }]) => {
  const text = [...code.values()].join('\n');
  const script = text === '' ? 0 : gzip(minifySync(`${name}.js`, text).code);
  return { name, script, files: Object.fromEntries(files) };
});
process.stdout.write(
  `${JSON.stringify(
    rows.sort((a, b) => (a.name < b.name ? -1 : 1)),
    null,
    2,
  )}\n`,
);
process.exit(0);
