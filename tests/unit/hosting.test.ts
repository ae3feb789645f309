// The configurations of docs/hosting.md in the servers that they are for, where those are installed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filePolicy } from '../../src/offline/content-policy.ts';
import { deploy, RSYNC, uploadCommands } from './deployment.ts';
import { blocksOf, readDocument } from './documents.ts';

const SCRIPT = `export const text = ${JSON.stringify('long enough to be compressed '.repeat(100))};\n`;
const FILES: Readonly<Record<string, string>> = {
  'index.html': '<!doctype html><title>Cairn</title>',
  'sw.js': SCRIPT,
  'assets/app-12345678.js': SCRIPT,
  'assets/ort-12345678.mjs': SCRIPT,
  'assets/ort-12345678.wasm': 'no real WASM, but long enough '.repeat(100),
  'models/registry.json': `{ "text": "${'x'.repeat(2000)}" }`,
  'models/lite.safetensors': 'weights '.repeat(500),
  'collections/default/collection.json': '{}',
  'collections/default/shard-0000-2a30418ed7a5.bin': 'rows '.repeat(500),
  'manifest.webmanifest': '{}',
};

/** Without other origins, as a plain build has it. */
const POLICY = filePolicy([]);

interface Kind {
  readonly language: string;
  readonly program: string;
  /** The sample as a whole configuration, and what to start the program with. */
  readonly start: (
    sample: string,
    place: Place,
  ) => { readonly text: string; readonly args: string[] };
}

interface Place {
  readonly port: number;
  readonly folder: string;
  readonly file: string;
}

const KINDS: readonly Kind[] = [
  {
    language: 'nginx',
    program: 'nginx',
    start: (sample, { port, folder, file }) => ({
      text: `daemon off; pid ${folder}/pid; error_log stderr; events {} http {
        include /etc/nginx/mime.types; access_log off;
        client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
        uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
        ${sample.replace('listen 80;', `listen 127.0.0.1:${port};`)} }`,
      args: ['-e', 'stderr', '-c', file],
    }),
  },
  {
    language: 'caddyfile',
    program: 'caddy',
    start: (sample, { port, file }) => ({
      text: `{\n\tadmin off\n\tauto_https off\n}\n${sample.replace(/^photos\.example\.org/m, `http://127.0.0.1:${port}`)}`,
      args: ['run', '--config', file, '--adapter', 'caddyfile'],
    }),
  },
  {
    language: 'apache',
    program: 'apache2',
    start: (sample, { port, folder, file }) => ({
      text: `ServerRoot ${folder}\nPidFile ${folder}/pid\nListen 127.0.0.1:${port}\nErrorLog ${folder}/log\nServerName localhost\n${[
        'mpm_event',
        'authz_core',
        'headers',
        'mime',
        'dir',
        'filter',
        'deflate',
        'setenvif',
      ]
        .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`)
        .join('')}TypesConfig /etc/mime.types\n${sample.replace('*:80', `127.0.0.1:${port}`)}`,
      args: ['-d', folder, '-f', file, '-D', 'FOREGROUND'],
    }),
  },
];

/** Some systems keep servers out of the PATH of users. */
function find(program: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What a build called `name` has in the files that keep their names, and in one that does not. */
const inBuild = (name: string): Readonly<Record<string, string>> => ({
  'index.html': `<!doctype html><title>${name}</title>`,
  'sw.js': `${SCRIPT}// ${name}`,
  [`assets/app-${name}.js`]: `${SCRIPT}// ${name}`,
  'models/registry.json': `{ "build": "${name}", "text": "${'x'.repeat(2000)}" }`,
  'collections/default/collection.json': `{ "build": "${name}" }`,
});

let site = '';
beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'cairn-site-'));
  if (!RSYNC) console.log('rsync is not installed: its commands are followed by copying');
  await deploy(FILES, site);
  await chmod(site, 0o755); // servers read as another user
});
afterAll(() => rm(site, { recursive: true, force: true }));

it('compresses before every upload as before the first', () => {
  const compress = blocksOf('docs/hosting.md').filter(({ text }) => text.startsWith('find dist'));
  expect(compress.map(({ text }) => text.trim())).toEqual(uploadCommands().slice(0, 1));
});

it('every server of the document has a sample', () => {
  const languages = blocksOf('docs/hosting.md').map(({ language }) => language);
  for (const { language } of KINDS)
    expect(languages.filter((one) => one === language)).toHaveLength(1);
});

it('every policy of the document is the one that the build has', () => {
  const policies = readDocument('docs/hosting.md').match(/default-src [^"\n]*/g);
  expect(policies).toEqual(Array.from({ length: KINDS.length + 2 }, () => POLICY));
});

describe.each(KINDS)('$language', ({ language, program, start }) => {
  const path = find(program);
  let server: ChildProcess | null = null;
  let folder = '';
  let origin = '';
  let said = '';

  beforeAll(async () => {
    if (!path) {
      console.log(`${program} is not installed: its configuration is not tried`);
      return;
    }
    folder = await mkdtemp(join(tmpdir(), 'cairn-server-'));
    await chmod(folder, 0o777);
    const port = await freePort();
    const file = join(folder, 'config');
    const sample =
      blocksOf('docs/hosting.md').find((block) => block.language === language)?.text ?? '';
    const { text, args } = start(sample.replaceAll('/srv/cairn', site), { port, folder, file });
    await writeFile(file, text);
    const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    server = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [server.stdout, server.stderr])
      stream?.on('data', (part) => (said += part));
    origin = `http://127.0.0.1:${port}`;
    for (let turn = 0; turn < 100 && server.exitCode === null; turn++) {
      if (
        await fetch(origin).then(
          () => true,
          () => false,
        )
      )
        return;
      await pause(100);
    }
    throw new Error(`${program} does not start: ${said}`);
  });
  afterAll(async () => {
    if (server?.exitCode === null) {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const head = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${origin}/${path}`, { headers });
    await response.arrayBuffer();
    return response;
  };

  it.skipIf(!path)('isolates every answer, and lets no stranger frame or sniff', async () => {
    for (const file of ['', ...Object.keys(FILES)]) {
      const { headers } = await head(file);
      expect(Object.fromEntries(headers), file).toMatchObject({
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
    }
  });

  it.skipIf(!path)('isolates what has not changed, too: WebKit refuses scripts else', async () => {
    for (const file of ['', ...Object.keys(FILES)]) {
      const first = (await head(file)).headers;
      const [tag, time] = [first.get('etag'), first.get('last-modified')];
      const again = await head(file, {
        ...(tag ? { 'If-None-Match': tag } : { 'If-Modified-Since': time ?? '' }),
      });
      // Apache sends again what it has compressed.
      expect([304, 200], file).toContain(again.status);
      expect(again.headers.get('cross-origin-embedder-policy'), file).toBe('require-corp');
      expect(again.headers.get('content-security-policy'), file).toBe(POLICY);
    }
  });

  it.skipIf(!path)('tells types that browsers insist on', async () => {
    const types: Record<string, RegExp> = {
      '': /^text\/html/,
      'sw.js': /^(text|application)\/javascript/,
      'assets/app-12345678.js': /^(text|application)\/javascript/,
      'assets/ort-12345678.mjs': /^(text|application)\/javascript/,
      'assets/ort-12345678.wasm': /^application\/wasm/,
      'models/registry.json': /^application\/json/,
    };
    for (const [file, type] of Object.entries(types)) {
      expect((await head(file)).headers.get('content-type'), file).toMatch(type);
    }
  });

  it.skipIf(!path)(
    'keeps for good what has a hash in its name, and asks again for the rest',
    async () => {
      for (const file of Object.keys(FILES)) {
        const { headers } = await head(file);
        const named = file.startsWith('assets/') || file.includes('/shard-');
        expect(headers.get('cache-control'), file).toBe(
          named ? 'public, max-age=31536000, immutable' : 'no-cache',
        );
        expect(headers.get('etag') ?? headers.get('last-modified'), file).toBeTruthy();
      }
    },
  );

  it.skipIf(!path)('compresses scripts and WASM', async () => {
    for (const file of [
      'assets/app-12345678.js',
      'assets/ort-12345678.mjs',
      'assets/ort-12345678.wasm',
    ]) {
      expect(
        (await head(file, { 'Accept-Encoding': 'gzip' })).headers.get('content-encoding'),
        file,
      ).toBe('gzip');
    }
  });

  it.skipIf(!path)('goes on with a weights file, and knows what is not there', async () => {
    const part = await head('models/lite.safetensors', { Range: 'bytes=1000-' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 1000-3999/4000');
    for (const missing of ['assets/missing.js', 'places/collections', 'collections/']) {
      expect((await head(missing)).ok, missing).toBe(false);
    }
  });

  // The last one: it leaves another build behind.
  it.skipIf(!path)(
    'sends all of a newer build once it is uploaded, and its sw.js last',
    async () => {
      const [older, newer] = [`${language}1`, `${language}2`];
      await deploy({ ...FILES, ...inBuild(older) }, site);
      const isNewer = async (file: string, encoding: string) => {
        const response = await fetch(`${origin}/${file}`, {
          headers: { 'Accept-Encoding': encoding },
        });
        return response.ok && (await response.text()).includes(newer);
      };
      const commands = uploadCommands();
      const names = Object.keys(inBuild(newer)).filter((file) => file !== 'sw.js');
      let done = 0;
      await deploy({ ...FILES, ...inBuild(newer) }, site, async (command) => {
        done++;
        for (const encoding of ['gzip', 'identity']) {
          expect(await isNewer('sw.js', encoding), `sw.js after ${command}`).toBe(
            done === commands.length,
          );
          if (await isNewer('index.html', encoding)) {
            expect(await isNewer(`assets/app-${newer}.js`, encoding), command).toBe(true);
          }
          // All that the new sw.js lists is there before it.
          if (done < commands.length - 1) continue;
          for (const file of names) {
            expect(await isNewer(file, encoding), `${file} after ${command}`).toBe(true);
          }
        }
      });
      expect(done).toBe(commands.length);
      expect((await head(`assets/app-${older}.js`)).ok, 'pages that are open').toBe(true);
    },
  );
});
