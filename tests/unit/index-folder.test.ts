// Building a collection's folder: killed at any moment and gone on with, it ends with the bytes of an undisturbed
// run; two processes share one cache; two runs do not share one folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IndexRun } from '../../src/cli/index-run.ts';
import { readRegistry } from '../../src/cli/models.ts';
import { listSource } from '../../src/cli/photo-list.ts';
import { VectorCache } from '../../src/cli/vector-cache.ts';
import { drawScene } from '../../src/imaging/drawn.ts';
import { seededRandom } from '../../src/random.ts';
import { readCollectionFolder } from '../../src/retrieval/read-folder.ts';
import { writeCollectionFolder } from '../../src/retrieval/write-folder.ts';
import { writeCollection } from '../../src/retrieval/writer.ts';
import { sha256Sync } from '../../src/weights/sha256.ts';
import { headOf, rowsOf } from './retrieval-fixtures.ts';

const ENCODER = 'nfnet-compact';
const SHARD_BYTES = 3600; // a few rows
const SCENES = 6;
const PHOTOS_OF_SCENE = 10;
const PHOTOS = SCENES * PHOTOS_OF_SCENE;
/** With one that is broken, and one that is there twice. */
const LISTED = PHOTOS + 2;
const KILLS = 20;
const MS = 480_000;
const RUN_FILE = '.index-run.json';
const ROOT = resolve(import.meta.dirname, '../..');

let folder = '';
let photos = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-index-'));
  photos = join(folder, 'photos');
  for (let scene = 0; scene < SCENES; scene++) {
    const label = join(photos, `scene_${scene}`);
    await mkdir(label, { recursive: true });
    const { data, width, height, channels } = drawScene(scene, 1);
    for (let photo = 0; photo < PHOTOS_OF_SCENE; photo++) {
      const cut = { left: 8 * photo, top: 5 * photo, width: 200, height: 160 };
      const picture = sharp(data, { raw: { width, height, channels } }).extract(cut);
      await writeFile(join(label, `${photo}.png`), await picture.png().toBuffer());
    }
  }
  await writeFile(join(photos, 'scene_1/broken.jpg'), 'no picture');
  await cp(join(photos, 'scene_2/0.png'), join(photos, 'scene_3/same-photo.png'));
}, MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  /** Null where it was killed. */
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/**
 * @param each called with every line that the process prints
 * @param most changes to files before it kills itself
 */
function worker(
  out: string,
  cache: string,
  each: (line: string, child: ChildProcess) => void = () => undefined,
  most = Infinity,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const script = join(import.meta.dirname, 'index-worker.ts');
  const env = { ...process.env, CAIRN_BACKEND: 'wasm', CAIRN_CACHE: cache };
  const args = ['--import', 'tsx', script, photos, out, ENCODER, String(SHARD_BYTES), String(most)];
  const child = spawn(process.execPath, args, { cwd: ROOT, env });
  const lines: string[] = [];
  let [rest, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    const parts = (rest + data).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      each(line, child);
    }
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data;
  });
  const ended = new Promise<Ended>((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ code, lines, stderr }));
  });
  return { child, ended };
}

/** Names and bytes of all files; folders count as files that no build should leave. */
async function filesIn(out: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(out)).sort()) {
    const path = join(out, name);
    const info = await stat(path);
    files[name] = info.isDirectory() ? 'folder' : (await readFile(path)).toString('base64');
  }
  return files;
}

async function createdIn(out: string, file: string): Promise<string | undefined> {
  const text = await readFile(join(out, file), 'utf8').catch(() => '{}');
  return (JSON.parse(text) as { created?: string }).created;
}

/** A cache with everything in it, and the folder of an undisturbed run. */
let whole = '';
let wholeCache = '';
/** How often that run changed something in a folder. */
let changes = 0;
beforeAll(async () => {
  [whole, wholeCache] = [join(folder, 'whole'), join(folder, 'whole-cache')];
  const { code, stderr, lines } = await worker(whole, wholeCache).ended;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(lines[0]).toBe('new');
  expect(lines.at(-1)).toBe(`encoded ${PHOTOS}`); // the photo that is there twice once
  changes = Number(lines.at(-2)?.split(' ')[1]);
  expect(changes).toBeGreaterThan(30);
}, MS);

/** The undisturbed files, with the date of another run: its seal changes with it. */
async function expectSame(out: string, created: string): Promise<void> {
  const [files, wanted] = [await filesIn(out), await filesIn(whole)];
  expect(Object.keys(files)).toEqual(Object.keys(wanted));
  const { collection } = await readCollectionFolder(out); // seal and hashes are looked at
  const { collection: undisturbed } = await readCollectionFolder(whole);
  expect(collection).toEqual({ ...undisturbed, created });
  for (const name of Object.keys(wanted)) {
    if (name !== 'collection.json') expect(files[name]).toBe(wanted[name]);
  }
}

describe('a build of a folder', () => {
  it('takes several shards, and leaves nothing else', async () => {
    const names = Object.keys(await filesIn(whole));
    expect(names.filter((name) => name.startsWith('shard-')).length).toBeGreaterThan(10);
    expect(names.every((name) => /^(collection\.json|shard-.*\.bin)$/.test(name))).toBe(true);
    const { collection } = await readCollectionFolder(whole);
    expect(collection.labels.map((label) => label.photos)).toEqual([10, 10, 10, 11, 10, 10]);
  });

  it(
    'killed at twenty moments and gone on with, it ends as an undisturbed one',
    async () => {
      const [out, cache] = [join(folder, 'killed'), join(folder, 'killed-cache')];
      const older = writeCollection(headOf(5, 12), rowsOf(40, 5, 12, 1), { maxShardBytes: 2048 });
      await writeCollectionFolder(out, older);
      const random = seededRandom(20);
      const upTo = (most: number) => Math.ceil(random() * most);
      let created: string | undefined;
      let reached = 0;
      const moments: string[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        // While it starts; after some more photos, until there are none; then while it writes, between two
        // changes to files or anywhere.
        const later = kill % 4 === 1 ? 'write' : 'change';
        const phase = kill % 4 === 0 ? 'start' : reached < LISTED ? 'encode' : later;
        const at = {
          start: 0,
          encode: Math.min(reached + upTo(15), LISTED),
          write: upTo(PHOTOS),
          change: upTo(changes),
        }[phase];
        const ms = phase === 'start' ? upTo(1500) : upTo(20);
        const strike = (child: ChildProcess) => setTimeout(() => child.kill('SIGKILL'), ms);
        const { child, ended } = worker(
          out,
          cache,
          (line, child) => {
            const [what, n] = line.split(' ');
            if (what === 'encode') reached = Math.max(reached, Number(n));
            if (phase === what && Number(n) === at) strike(child);
          },
          phase === 'change' ? at : Infinity,
        );
        if (phase === 'start') strike(child);
        const { code } = await ended;
        moments.push(`${phase} ${at}: ${code === null ? 'killed' : 'had ended'}`);
        created ??= await createdIn(out, RUN_FILE);
        // Its seal and the hashes of all its shards are looked at: the old one is whole, or the new one.
        const { collection } = await readCollectionFolder(out);
        expect(['test', 'drawn'], moments.join('; ')).toContain(collection.name);
      }
      const { code, stderr, lines } = await worker(out, cache).ended;
      expect([code, stderr], moments.join('; ')).toEqual([0, '']);
      expect(lines.at(-1)).toBe('encoded 0');
      await expectSame(out, created!); // twenty runs have begun
    },
    MS,
  );

  it(
    'two at once in one cache both end well, and leave nothing to encode',
    async () => {
      const cache = join(folder, 'shared-cache');
      const outs = [join(folder, 'one'), join(folder, 'two')];
      const both = await Promise.all(outs.map((out) => worker(out, cache).ended));
      for (const { code, stderr } of both) expect([code, stderr]).toEqual([0, '']);
      for (const out of outs) {
        await expectSame(out, (await readCollectionFolder(out)).collection.created);
      }
      const { encoders } = await readRegistry();
      const { weights, dim } = encoders.find(({ id }) => id === ENCODER)!; // it ran
      const [file = ''] = await readdir(cache);
      expect(file).toContain(weights.sha256.slice(0, 12));
      const vectors = await VectorCache.open(cache, file.replace('.records', ''), dim);
      const undisturbed = await VectorCache.open(wholeCache, file.replace('.records', ''), dim);
      for (const photo of await listSource(photos)) {
        const key = sha256Sync(await readFile(photo.file));
        expect(await vectors.get(key)).toEqual(await undisturbed.get(key));
        expect((await vectors.get(key)) === undefined).toBe(photo.path.endsWith('broken.jpg'));
      }
      await vectors.close();
      await undisturbed.close();
    },
    MS,
  );
});

describe('IndexRun', () => {
  it('keeps the first date until the run ends, and only for the same request', async () => {
    const out = join(folder, 'run');
    const first = await IndexRun.begin(out, ['a', { b: 1 }]);
    expect(first.beginning).toBe('new');
    const again = await IndexRun.begin(out, ['a', { b: 1 }]);
    expect([again.beginning, again.created]).toEqual(['resumed', first.created]);
    const other = await IndexRun.begin(out, ['a', { b: 2 }]);
    expect(other.beginning).toBe('replaced');
    await other.end();
    expect((await IndexRun.begin(out, ['a', { b: 1 }])).beginning).toBe('new');
  });

  it('stops a run whose folder another has taken, and leaves the other alone', async () => {
    const out = join(folder, 'taken');
    const first = await IndexRun.begin(out, ['a']);
    await first.check();
    const second = await IndexRun.begin(out, ['b']);
    await expect(first.check()).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(out),
    });
    await first.end();
    await second.check();
    await second.end();
    expect(await readdir(out)).toEqual([]); // made by the first
  });

  it('takes back the folder that it made for nothing', async () => {
    const out = join(folder, 'nothing');
    await (await IndexRun.begin(out, ['a'])).end();
    await expect(stat(out)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
