// Writes into a built site what its licences ask for: every package of which a part is in it, with its licence's text.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { Plugin } from 'vite';
import { ROOT } from './document.ts';

export const LICENCES_FILE = 'third-party-licences.txt';

/** What is looked at of a chunk or an asset of a bundle. */
export interface BundledFile {
  readonly moduleIds?: readonly string[];
  readonly originalFileNames?: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly repository?: string | { readonly url?: string };
  readonly homepage?: string;
}

/** Packages that come without a licence file of their own: whose they are, from the LICENSE of their repository. */
const HOLDERS: Readonly<Record<string, string>> = {
  'onnxruntime-web': 'Copyright (c) Microsoft Corporation',
  'onnxruntime-common': 'Copyright (c) Microsoft Corporation',
};

/** What is to be said beside the licence: code of others that is compiled into WASM, and where source is. */
const REMARKS: Readonly<Record<string, (version: string) => string>> = {
  'onnxruntime-web': (version) =>
    `Its WebAssembly contains code of others, listed in ThirdPartyNotices.txt of\nhttps://github.com/microsoft/onnxruntime/tree/v${version}`,
  '@tensorflow/tfjs-backend-wasm': () =>
    'Its WebAssembly contains XNNPACK (BSD-3-Clause, https://github.com/google/XNNPACK) and what that is built on.',
  'hnswlib-wasm': () =>
    'Its WebAssembly contains hnswlib (Apache-2.0, https://github.com/nmslib/hnswlib).',
  'libheif-js': (version) =>
    'libheif and libde265 (LGPL-3.0) compiled to WebAssembly. Their files assets/libheif-*.js and assets/libheif-*.wasm\n' +
    'are those of the package, unchanged, and used only through the functions that they export: another build of\n' +
    'libheif with the same functions may take their place. How they are built, and from what source:\n' +
    `https://github.com/catdad-experiments/libheif-js (${version}), https://github.com/strukturag/libheif,\n` +
    'https://github.com/strukturag/libde265',
  exifreader: (version) =>
    `Under the Mozilla Public License 2.0, unchanged. Its source: the npm package exifreader ${version}, or\n` +
    `https://github.com/mattiasw/ExifReader/tree/${version}`,
};

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Folders of the packages of which these files have a part. Ids of a bundler's own modules are left out. */
export function packageFolders(files: Iterable<BundledFile>): Set<string> {
  const folders = new Set<string>();
  for (const { moduleIds = [], originalFileNames = [] } of files) {
    for (const id of [...moduleIds, ...originalFileNames]) {
      if (id.startsWith('\0')) continue;
      const path = resolve(ROOT, id.replace(/[?#].*/, ''));
      const [, folder] = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)/.exec(path) ?? [];
      if (folder) folders.add(folder);
    }
  }
  return folders;
}

/** The text of the file. Throws where a package's licence is not known: nothing may ship without. */
export function licencesText(folders: Iterable<string>): string {
  const packages = [...folders].map((folder) => ({ folder, manifest: manifestOf(folder) }));
  const byName = packages.sort((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1));
  const apache = readFileSync(join(ROOT, 'LICENSE'), 'utf8').trim();
  const notice = readFileSync(join(ROOT, 'NOTICE'), 'utf8').trim();
  const parts = byName.map(({ folder, manifest }) => {
    const { name, version, license = 'no licence stated' } = manifest;
    const remark = REMARKS[name]?.(version);
    return [
      `${name} ${version}: ${license}`,
      sourceOf(manifest),
      ...(remark ? [`\n${remark}`] : []),
      `\n${licenceText(folder, manifest)}`,
    ].join('\n');
  });
  const ends = [`The Apache License, Version 2.0\n\n${apache}`];
  // The LGPL is additional permissions to the GPL, and asks for its text, too.
  if (byName.some(({ manifest }) => manifest.license?.startsWith('LGPL-3.0'))) {
    ends.push(readFileSync(join(import.meta.dirname, 'licences/GPL-3.0.txt'), 'utf8').trim());
  }
  const rule = '\n\n'.padEnd(82, '-').concat('\n\n');
  return `${[notice, ...parts, ...ends].join(rule)}\n`;
}

function licenceText(folder: string, { name, license }: Manifest): string {
  const file = readdirSync(folder).find((one) => /^(licen[cs]e|copying)/i.test(one));
  if (file) return readFileSync(join(folder, file), 'utf8').trim();
  if (license === 'Apache-2.0')
    return 'Licensed under the Apache License, Version 2.0: see the end.';
  const holder = HOLDERS[name];
  if (license === 'MIT' && holder) return `${holder}\n\n${MIT}`;
  throw new Error(
    `${relative(ROOT, folder)} (${license}) has no licence file: name its holder in scripts/third-party-licences.ts.`,
  );
}

function sourceOf({ name, version, repository, homepage }: Manifest): string {
  const url = typeof repository === 'string' ? repository : repository?.url;
  const web = url?.replace(/^git\+/, '').replace(/^git:/, 'https:');
  return web?.startsWith('http')
    ? web.replace(/\.git$/, '')
    : (homepage ?? `npm package ${name} ${version}`);
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/**
 * Of the page and of its workers, which Vite bundles by themselves, with `worker.plugins`, before the page's bundle is
 * made. (Vite's own `build.license` sees neither workers nor WASM.)
 */
export function thirdPartyLicences(): { readonly page: Plugin; readonly workers: () => Plugin[] } {
  const folders = new Set<string>();
  const collect = (bundle: Readonly<Record<string, BundledFile>>) => {
    for (const folder of packageFolders(Object.values(bundle))) folders.add(folder);
  };
  return {
    page: {
      name: 'cairn-licences',
      apply: 'build',
      generateBundle(_, bundle) {
        collect(bundle);
        this.emitFile({ type: 'asset', fileName: LICENCES_FILE, source: licencesText(folders) });
      },
    },
    workers: () => [
      {
        name: 'cairn-licences-of-workers',
        apply: 'build',
        generateBundle: (_, bundle) => collect(bundle),
      },
    ],
  };
}
