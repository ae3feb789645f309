// What the built page's scripts bring with them, from small sites of text.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closure, linksOf, scriptsOfPage } from '../../scripts/bundle/graph.ts';
import { bundleReport, overBudget } from '../../scripts/bundle/report.ts';

const SITE = {
  'index.html': `<link rel="modulepreload" href="./assets/base-1.js">
    <script src="./theme.js"></script><script type="module" src="./assets/page-1.js"></script>`,
  'theme.js': 'document.title = "x";',
  'assets/page-1.js': `import { a } from './base-1.js'; import('./later-1.js'); import('./en-1.js'); import('./zh-1.js');
    new Worker(new URL(new URL(\`encoder-1.js\`, import.meta.url).href, import.meta.url));
    new Worker(new URL('index-B-lc4wE-.js', import.meta.url));
    new Worker(new URL("matcher-1.js", import.meta.url));`,
  'assets/base-1.js': 'export const a = 1;',
  'assets/en-1.js': 'export const en = "short";',
  'assets/zh-1.js': `export const zh = ${JSON.stringify('longer than the other '.repeat(4))};`,
  'assets/later-1.js': "import './deep-1.js'; export const b = 2;",
  'assets/deep-1.js': "export const deep = 'import(./page-1.js)';",
  'assets/encoder-1.js': 'import(`./ort.wasm.min-1.js`); import(`./ort.webgpu.min-1.js`);',
  'assets/ort.wasm.min-1.js': 'export const wasm = 1;',
  'assets/ort.wasm.min-0.js': 'export const other = "of another worker";',
  'assets/ort.webgpu.min-1.js': `export const gpu = ${JSON.stringify('larger '.repeat(40))};`,
  'assets/ort-wasm-simd-threaded-1.mjs': 'export default 1;',
  'assets/ort-wasm-simd-threaded.asyncify-1.mjs': 'export default 2;',
  'assets/index-B-lc4wE-.js': "import './index-part-1.js';",
  'assets/index-part-1.js': 'export {};',
  'assets/matcher-1.js': 'export {};',
};

let site: string;
beforeEach(async () => {
  site = await mkdtemp(join(tmpdir(), 'cairn-bundle-'));
  for (const [path, text] of Object.entries(SITE)) await put(path, text);
});
afterEach(() => rm(site, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(site, path)), { recursive: true });
  await writeFile(join(site, path), text);
}

describe('links of scripts', () => {
  it('tell what comes at once from what is asked for later, and what is started', async () => {
    const links = await linksOf(new Map(Object.entries(SITE)).set('index.html', ''));
    expect(links.get('assets/page-1.js')).toEqual({
      imports: ['assets/base-1.js'],
      lazy: ['assets/later-1.js', 'assets/en-1.js', 'assets/zh-1.js'],
      workers: ['assets/encoder-1.js', 'assets/index-B-lc4wE-.js', 'assets/matcher-1.js'],
    });
    expect(links.get('assets/deep-1.js')?.lazy).toEqual([]);
  });

  it('are followed to the end, round in circles too', () => {
    const links = new Map([
      ['a', { imports: ['b'] }],
      ['b', { imports: ['a', 'c'] }],
      ['d', { imports: [] }],
    ]);
    expect([...closure(links, ['a'])].sort()).toEqual(['a', 'b', 'c']);
  });

  it('begin with what the page names', () => {
    expect(scriptsOfPage(SITE['index.html'])).toEqual([
      'assets/base-1.js',
      'theme.js',
      'assets/page-1.js',
    ]);
  });
});

describe('the report of a built page', () => {
  const paths = (part: { scripts: readonly { path: string }[] } | undefined) =>
    part?.scripts.map(({ path }) => path).sort();

  it('counts what a first load fetches, with the larger runtime, and puts all else under later', async () => {
    const [page, first, later] = await bundleReport(site);
    expect(paths(page)).toEqual([
      'assets/base-1.js',
      'assets/page-1.js',
      'assets/zh-1.js',
      'theme.js',
    ]);
    expect(paths(first)).toEqual([
      'assets/base-1.js',
      'assets/encoder-1.js',
      'assets/index-B-lc4wE-.js',
      'assets/index-part-1.js',
      'assets/ort-wasm-simd-threaded.asyncify-1.mjs',
      'assets/ort.webgpu.min-1.js',
      'assets/page-1.js',
      'assets/zh-1.js',
      'theme.js',
    ]);
    const all = Object.keys(SITE).filter((path) => path !== 'index.html');
    expect([...(paths(first) ?? []), ...(paths(later) ?? [])].sort()).toEqual(all.sort());
    expect([page, first, later].some((part) => part && overBudget(part))).toBe(false);
  });

  it('says where a budget is passed', async () => {
    const noise = Array.from({ length: 60_000 }, (_, i) => Math.sin(i).toString(36)).join();
    await put('assets/base-1.js', `export const a = "${noise}";`);
    const [page, first, later] = await bundleReport(site);
    expect([page, first, later].map((part) => part && overBudget(part))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('does not pass over a worker that is no longer where it was', async () => {
    await put('assets/page-1.js', "import './base-1.js';");
    await expect(bundleReport(site)).rejects.toThrow('no worker encoder, index');
  });
});
