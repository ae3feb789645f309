// The documents against the repository: every command that they show, every sample of code, every link and path.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRegistry } from '../../src/weights/load-registry.ts';
import { faultOf } from './command-lines.ts';
import {
  anchorsOf,
  type Block,
  blocksOf,
  documents,
  inlineCodeOf,
  linksOf,
  ROOT,
} from './documents.ts';
import { commandsOf } from './shell-lines.ts';

const DOCUMENTS = documents();
const BLOCKS = DOCUMENTS.flatMap(blocksOf);
const of = (...languages: string[]) =>
  BLOCKS.filter(({ language }) => languages.includes(language));

/** What a block may be. `text` is read by people alone; `sql` and what configures servers run elsewhere. */
const LANGUAGES = 'sh ts html json text sql nginx caddyfile apache'.split(' ');

describe('blocks', () => {
  it('are found, and say what they are', () => {
    expect(BLOCKS.length).toBeGreaterThan(20);
    expect(
      BLOCKS.filter(({ language }) => !LANGUAGES.includes(language)).map(({ at }) => at),
    ).toEqual([]);
  });

  it('of text hold no commands', () => {
    const hidden = of('text').filter(({ text }) => /^\s*(npm|npx|cairn|python) /m.test(text));
    expect(hidden.map(({ at }) => at)).toEqual([]);
  });
});

describe('commands', () => {
  it('of blocks exist, with all their flags', () => {
    const faults = of('sh').flatMap(({ at, text }) =>
      commandsOf(text)
        .flatMap((words) => faultOf(words) ?? [])
        .map((fault) => `${at}: ${fault}`),
    );
    expect(faults).toEqual([]);
  });

  it('that are mentioned exist', () => {
    const mentioned = DOCUMENTS.flatMap(inlineCodeOf).filter(({ text }) =>
      /^(npm (run|start|test)|npx |cairn )\S*/.test(text),
    );
    expect(mentioned.length).toBeGreaterThan(50);
    const faults = mentioned.flatMap(({ at, text }) =>
      commandsOf(text)
        .flatMap((words) => faultOf(words, true) ?? [])
        .map((fault) => `${at}: ${fault}`),
    );
    expect(faults).toEqual([]);
  });
});

/** Lines of blocks that are cheap enough to be run in earnest, in an empty folder. */
const RUN = [
  'npm run --silent cairn -- --help',
  'npm run --silent cairn -- export-onnx --model swin/compact --random --size 320x256 --out graph.onnx',
  'npm run --silent sbom -- --out -',
];

describe('commands in earnest', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-docs-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(RUN)(
    '%s',
    async (line) => {
      const shown = of('sh').some(({ text }) =>
        text.split('\n').some((one) => one.startsWith(line)),
      );
      expect(shown, 'a document shows it').toBe(true);
      const [words = []] = commandsOf(line);
      const name = words[words.indexOf('--') - 1] ?? '';
      const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
      const [, file = ''] = /^tsx (\S+)$/.exec(scripts[name]) ?? [];
      const args = words.slice(words.indexOf('--') + 1);
      // Not by npm, which would run it in the repository.
      const tsx = import.meta.resolve('tsx');
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', tsx, join(ROOT, file), ...args],
        {
          cwd: folder,
          maxBuffer: 1 << 26,
          env: { ...process.env, CAIRN_CACHE: join(folder, 'cache') },
        },
      );
      const out = args[args.indexOf('--out') + 1];
      if (args.includes('--out') && out !== '-')
        expect(existsSync(join(folder, out ?? ''))).toBe(true);
      else expect(stdout.length).toBeGreaterThan(100);
    },
    60_000,
  );
});

describe('samples of code', () => {
  it('pass the type checker against the real modules', () => {
    const samples = new Map([
      ...of('ts').map((block) => [sampleFile(block, 'ts'), block.text] as const),
      ...of('html').map((block) => [sampleFile(block, 'js'), scriptOf(block.text)] as const),
    ]);
    expect(samples.size).toBeGreaterThan(1);
    expect(typeFaults(samples)).toEqual([]);
  }, 120_000);

  it('of JSON can be read', () => {
    for (const { at, text } of of('json')) {
      expect(() => JSON.parse(whole(text)), at).not.toThrow();
    }
  });

  it('of the registry are accepted by its parser', () => {
    const registry = JSON.parse(readFileSync(join(ROOT, 'models/registry.json'), 'utf8'));
    const parts = blocksOf('docs/models.md').filter(({ language }) => language === 'json');
    expect(parts.length).toBeGreaterThan(1);
    for (const { at, text } of parts) {
      const part = JSON.parse(
        whole(text)
          .replaceAll('"sha256": "…"', `"sha256": "${'0'.repeat(64)}"`)
          .replaceAll('"bytes": 0', '"bytes": 1')
          .replaceAll('"…"', '"some.bin"'),
      );
      // Ensembles come beside those that there are.
      const ensembles = [...registry.ensembles, ...(part.ensembles ?? [])];
      const changed = { ...registry, ...part, ensembles };
      const bytes = new TextEncoder().encode(JSON.stringify(changed));
      expect(() => parseRegistry(bytes), at).not.toThrow();
      // What is shown of the registry as it is must be so.
      if ('matchers' in part)
        expect(part).toEqual({
          defaultMatcher: registry.defaultMatcher,
          matchers: registry.matchers,
        });
    }
  });
});

/** Members of an object may be shown without its braces. */
const whole = (text: string) => (text.startsWith('"') ? `{${text}}` : text);

const scriptOf = (html: string) =>
  /<script type="module">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';

/** As if it lay beside the document: imports of samples are relative to it. */
function sampleFile({ document, at }: Block, extension: string): string {
  return join(ROOT, dirname(document), `sample-${at.replace(/\W+/g, '-')}.${extension}`);
}

function typeFaults(samples: ReadonlyMap<string, string>): string[] {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) =>
    readFileSync(path, 'utf8'),
  );
  const { options } = ts.parseJsonConfigFileContent(
    {
      ...config.config,
      // Scripts of a page are JavaScript: types as far as they go.
      compilerOptions: {
        ...config.config.compilerOptions,
        allowJs: true,
        checkJs: true,
        noUnusedLocals: false,
      },
      include: [],
      files: ['vite.config.ts'],
    },
    ts.sys,
    ROOT,
  );
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => samples.has(path) || fileExists(path);
  host.readFile = (path) => samples.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const text = samples.get(path);
    return text === undefined
      ? getSourceFile(path, ...rest)
      : ts.createSourceFile(path, text, rest[0], true);
  };
  // What a page imports from where it serves the package is the package's entry.
  host.resolveModuleNameLiterals = (names, from) =>
    names.map((name) =>
      name.text.endsWith('cairn/cairn.js')
        ? {
            resolvedModule: {
              resolvedFileName: join(ROOT, 'src/library/cairn.ts'),
              extension: '.ts',
            },
          }
        : ts.resolveModuleName(name.text, from, options, host),
    );
  const program = ts.createProgram([...samples.keys()], options, host);
  return [...samples.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    const found = [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ];
    return found
      .filter((one) => !(path.endsWith('.js') && ofThePage(one)))
      .map((one) => `${path}: ${ts.flattenDiagnosticMessageText(one.messageText, ' ')}`);
  });
}

/** JavaScript takes for granted that its page has the elements that it looks for, and what an event's target is. */
function ofThePage({ code, messageText }: ts.Diagnostic): boolean {
  const text = ts.flattenDiagnosticMessageText(messageText, ' ');
  return (
    code === 2531 ||
    code === 18_047 ||
    /on type '(Event|EventTarget|Element)'|'target' is possibly/.test(text)
  );
}

describe('links', () => {
  it('lead to files and headings that exist', () => {
    const faults = DOCUMENTS.flatMap(linksOf).flatMap(({ at, document, text }) => {
      if (/^[a-z]+:/.test(text)) return [];
      const [path = '', anchor] = text.split('#');
      const target = path === '' ? document : normalize(join(dirname(document), path));
      if (!existsSync(join(ROOT, target))) return [`${at}: ${target} does not exist`];
      const known = anchor === undefined || anchorsOf(target).has(anchor);
      return known ? [] : [`${at}: ${target} has no heading #${anchor}`];
    });
    expect(faults).toEqual([]);
  });

  it('and paths of the repository that are named exist', () => {
    const named = DOCUMENTS.flatMap(inlineCodeOf).filter(
      ({ text }) =>
        /^(src|scripts|tests|bench|workers|docs|public|examples)\/[\w./-]*$/.test(text) &&
        // The folder that a build or a user makes.
        !text.startsWith('public/cairn'),
    );
    expect(named.length).toBeGreaterThan(50);
    const missing = named.filter(({ text }) => !existsSync(join(ROOT, text)));
    expect(missing.map(({ at, text }) => `${at}: ${text}`)).toEqual([]);
  });

  it('of the README lead to every document', () => {
    const linked = new Set(linksOf('README.md').map(({ text }) => text.split('#')[0]));
    const missing = DOCUMENTS.filter((path) => path.startsWith('docs/') && !linked.has(path));
    expect(missing).toEqual([]);
  });
});
