// docs/dependencies.md against package.json and what is installed; the bill of materials; licences of what is built in.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeBom } from '../../scripts/sbom/bom.ts';
import { packagesOf } from '../../scripts/sbom/components.ts';
import { licencesText, packageFolders } from '../../scripts/third-party-licences.ts';
import { ROOT, readDocument } from './documents.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}
const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
const manifest = read('package.json') as Manifest;
const PRODUCTION = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
const ALL = [...PRODUCTION, ...Object.keys(manifest.devDependencies)];

/** Rows `| [name](…) | licence | …` of the tables under a heading. */
function rowsUnder(heading: string): Map<string, string[]> {
  const [, section = ''] = readDocument('docs/dependencies.md').split(`\n## ${heading}\n`);
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` \|(.+)\|$/gm)];
  return new Map(
    rows.map(([, name = '', rest = '']) => [name, rest.split('|').map((c) => c.trim())]),
  );
}

describe('docs/dependencies.md', () => {
  it.each([
    ['What the product needs', Object.keys(manifest.dependencies)],
    ['What it can do without', Object.keys(manifest.optionalDependencies)],
    ['What development needs', Object.keys(manifest.devDependencies)],
  ])('%s: names each, with its version and licence', (heading, names) => {
    const rows = rowsUnder(heading);
    expect([...rows.keys()].toSorted()).toEqual([...names].toSorted());
    for (const [name, [version, licence, ...rest]] of rows) {
      const path = `node_modules/${name}/package.json`;
      // An optional one may be absent.
      if (!existsSync(join(ROOT, path))) continue;
      const installed = read(path) as { version: string; license: string };
      expect({ name, version: version?.split(', ')[0], licence }).toEqual({
        name,
        version: installed.version,
        licence: installed.license,
      });
      expect(version, `${name}: date of the version`).toMatch(/, \d{4}-\d\d$/);
      for (const cell of rest) expect(cell, name).toMatch(/\w/);
    }
  });

  it('each is in use', () => {
    const folders = ['src', 'workers', 'scripts', 'bench', 'tests'];
    const files = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    );
    const sources = files
      .filter((path) => /\.(tsx?|mjs|css)$/.test(path))
      .map((path) => readFileSync(join(ROOT, path), 'utf8'));
    const plain = ['tsconfig.json', 'vite.config.ts', 'vitest.config.ts', 'biome.json'];
    const text = [...sources, ...plain.map((path) => readFileSync(join(ROOT, path), 'utf8'))].join(
      '\n',
    );
    const { scripts } = read('package.json') as { scripts: Record<string, string> };
    /** What scripts of package.json run, by the package that brings it. */
    const runs: Readonly<Record<string, string>> = {
      '@biomejs/biome': 'biome',
      'dependency-cruiser': 'depcruise',
      typescript: 'tsc',
      tsx: 'tsx',
      vite: 'vite',
      vitest: 'vitest',
    };
    const unused = ALL.filter((name) => {
      const types = /^@types\/(.+)$/.exec(name)?.[1];
      const wanted = types ?? name;
      const imported = new RegExp(
        `['"]${wanted.replaceAll('/', '\\/')}(/[^'"]*)?(\\?url)?['"]`,
      ).test(text);
      const run = runs[name];
      const command =
        run !== undefined &&
        Object.values(scripts).some((one) => one.split(/[ ;&]+/).includes(run));
      // Types that are global need no import.
      return !imported && !command && !(name === '@webgpu/types' && /\bGPUDevice\b/.test(text));
    });
    expect(unused).toEqual([]);
  });
});

describe('the bill of materials', () => {
  it('has every package of production, with version, licence and hash, and none of development alone', async () => {
    const { components, dependencies, metadata } = await makeBom();
    const byName = new Map(components.map((one) => [one.name, one]));
    for (const name of PRODUCTION) {
      const locked = read('package-lock.json').packages[`node_modules/${name}`] as {
        version: string;
      };
      expect(components, name).toContainEqual(
        expect.objectContaining({ name, version: locked.version, licenses: [expect.anything()] }),
      );
    }
    for (const name of ['vitest', 'playwright-core', '@biomejs/biome'])
      expect(byName.has(name)).toBe(false);
    for (const { type, hashes, licenses, version } of components) {
      expect(version).toMatch(/\w/);
      expect(licenses).toHaveLength(1);
      expect(hashes?.[0]?.content).toMatch(
        type === 'library' ? /^[0-9a-f]{128}$/ : /^[0-9a-f]{64}$/,
      );
    }
    const refs = new Set([metadata.component, ...components].map((one) => one['bom-ref']));
    expect(refs.size).toBe(components.length + 1);
    expect(
      dependencies
        .flatMap(({ ref, dependsOn }) => [ref, ...dependsOn])
        .filter((ref) => !refs.has(ref)),
    ).toEqual([]);
  });

  it('has every model and the default collection, with the SHA-256 of each file', async () => {
    const { components } = await makeBom();
    const registry = read('models/registry.json');
    const models = components.filter(({ type }) => type === 'machine-learning-model');
    const ids = [...registry.encoders, ...registry.ensembles, ...registry.matchers].map(
      ({ id }) => id,
    );
    expect(models.map(({ name }) => name).toSorted()).toEqual(ids.toSorted());
    const files = components.flatMap((one) => one.components ?? []);
    for (const { weights } of [...registry.encoders, ...registry.matchers]) {
      const hashes = [{ alg: 'SHA-256', content: weights.sha256 }];
      expect(files).toContainEqual(expect.objectContaining({ name: weights.file, hashes }));
    }
    expect(components.filter(({ type }) => type === 'data')).toHaveLength(1);
  });

  it('is the same for the same repository', async () => {
    const [first, second] = [await makeBom(), await makeBom()];
    expect(second).toEqual(first);
    expect(first.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('finds what a package needs where Node would, and leaves development out', () => {
    const { components, dependencies } = packagesOf({
      packages: {
        '': { dependencies: { a: '1' } },
        'node_modules/a': { version: '1.0.0', license: 'MIT', dependencies: { b: '1', c: '1' } },
        'node_modules/b': { version: '2.0.0', license: 'MIT' },
        'node_modules/c': { version: '1.0.0', license: 'MIT OR ISC', optional: true },
        'node_modules/a/node_modules/b': {
          version: '1.0.0',
          license: 'ISC',
          dependencies: { c: '1' },
        },
        'node_modules/d': { version: '1.0.0', license: 'MIT', dev: true },
      },
    });
    expect(components.map((one) => one['bom-ref'])).toEqual([
      'a@1.0.0',
      'b@1.0.0',
      'b@2.0.0',
      'c@1.0.0',
    ]);
    expect(dependencies.find(({ ref }) => ref === 'a@1.0.0')?.dependsOn).toEqual([
      'b@1.0.0',
      'c@1.0.0',
    ]);
    expect(dependencies.find(({ ref }) => ref === 'b@1.0.0')?.dependsOn).toEqual(['c@1.0.0']);
    expect(components.at(-1)).toMatchObject({
      scope: 'optional',
      licenses: [{ expression: 'MIT OR ISC' }],
    });
  });
});

describe('licences of what is built in', () => {
  const at = (path: string) => join(ROOT, 'node_modules', path);

  it('are found by modules and by files, in the page and in workers', () => {
    const folders = packageFolders([
      {
        moduleIds: [
          at('preact/dist/preact.mjs'),
          '\0rolldown/runtime.js',
          join(ROOT, 'src/errors.ts'),
        ],
      },
      { originalFileNames: ['node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm'] },
      { moduleIds: [at('@noble/hashes/sha2.js?worker'), at('a/node_modules/@b/c/index.js')] },
    ]);
    expect([...folders].toSorted()).toEqual(
      [
        at('preact'),
        at('onnxruntime-web'),
        at('@noble/hashes'),
        at('a/node_modules/@b/c'),
      ].toSorted(),
    );
  });

  it('are told with their texts, where the source is, and the weights’', () => {
    const text = licencesText([
      at('preact'),
      at('onnxruntime-web'),
      at('libheif-js'),
      at('exifreader'),
    ]);
    expect(text).toContain('EfficientNet-Lite0');
    expect(text).toContain(`preact ${read('node_modules/preact/package.json').version}: MIT`);
    expect(text).toContain('Copyright (c) Microsoft Corporation');
    expect(text).toContain('Mozilla Public License');
    expect(text).toContain('GNU LESSER GENERAL PUBLIC LICENSE');
    expect(text).toContain(
      'The precise terms and conditions for copying, distribution and\nmodification follow.',
    );
    expect(text).toContain('https://github.com/strukturag/libheif');
    expect(licencesText([at('preact')])).not.toContain('GNU GENERAL PUBLIC LICENSE');
  });

  it('are not guessed: a package without a text stops the build', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cairn-licence-'));
    const bare = { name: 'bare', version: '1.0.0', license: 'MIT' };
    await writeFile(join(folder, 'package.json'), JSON.stringify(bare));
    expect(() => licencesText([folder])).toThrow('name its holder');
    await rm(folder, { recursive: true });
  });
});
