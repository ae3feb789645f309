// npm run build:library [-- --out DIR]: writes the package that other pages embed; `npm pack` makes a file of it.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import { build } from 'vite';
import { parseRegistry, REGISTRY_FILE } from '../../src/weights/load-registry.ts';
import { ROOT } from '../document.ts';
import { entriesApart } from '../entries-apart.ts';
import { thirdPartyLicences } from '../third-party-licences.ts';
import { filesOfRegistry, servedRegistry } from './served-files.ts';

const ENTRY = join(ROOT, 'src/library/cairn.ts');
const TEXTS = ['LICENSE', 'NOTICE'];

/** Everything that the package consists of, below `out`, which is emptied first. */
export async function buildLibrary(out: string): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, 'models'), { recursive: true });
  const licences = thirdPartyLicences();
  await build({
    configFile: false,
    plugins: [licences.page],
    root: ROOT,
    publicDir: false,
    logLevel: 'warn',
    // Workers and WASM are asked for beside the module, wherever that is served from.
    base: './',
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'production'] },
    worker: { format: 'es', plugins: () => [...licences.workers(), entriesApart()] },
    build: {
      outDir: out,
      emptyOutDir: false,
      target: 'es2023',
      assetsInlineLimit: 0,
      modulePreload: false,
      // Not Vite's library mode: that one puts WASM into scripts as data URLs.
      rolldownOptions: {
        input: ENTRY,
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: 'cairn.js', chunkFileNames: 'assets/[name]-[hash].js' },
        checks: { bundlerTimings: false },
      },
    },
  });
  await writeFile(join(out, 'cairn.d.ts'), await libraryTypes());
  await copyModels(out);
  await cp(join(ROOT, 'public/collections/default'), join(out, 'collections/default'), {
    recursive: true,
  });
  await cp(join(ROOT, 'src/library/package.json'), join(out, 'package.json'));
  await cp(join(ROOT, 'docs/library.md'), join(out, 'README.md'));
  for (const name of TEXTS) await cp(join(ROOT, name), join(out, name));
}

/** The declarations of everything that the module exports, as one file without imports. */
export async function libraryTypes(): Promise<string> {
  const bundle = await rolldown({
    input: ENTRY,
    cwd: ROOT,
    logLevel: 'silent',
    plugins: [dts({ cwd: ROOT, emitDtsOnly: true })],
  });
  try {
    const { output } = await bundle.generate({ format: 'es' });
    const file = output.find(({ fileName }) => fileName.endsWith('.d.ts'));
    if (file?.type !== 'chunk') throw new Error('No declarations were made.');
    return file.code;
  } finally {
    await bundle.close();
  }
}

async function copyModels(out: string): Promise<void> {
  const from = join(ROOT, 'models');
  const registry = servedRegistry(parseRegistry(await readFile(join(from, REGISTRY_FILE))));
  for (const file of filesOfRegistry(registry)) {
    await cp(join(from, file), join(out, 'models', file));
  }
  await writeFile(join(out, 'models', REGISTRY_FILE), `${JSON.stringify(registry, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { out: { type: 'string', default: join(ROOT, 'lib') } },
  });
  await buildLibrary(resolve(values.out));
}
