// Builds of a small site, brought to a folder by the very commands of docs/hosting.md.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { blocksOf } from './documents.ts';

const HOST = 'photos.example.org:/srv/cairn';
const BUILD = 'npm run build';

/** Where it is missing, {@link copyAsRsync} does what the document's lines need of it. */
export const RSYNC = (process.env.PATH ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'rsync')));

/** The lines that follow the build under "Updates". Throws where the document has no such block. */
export function uploadCommands(): readonly string[] {
  const blocks = blocksOf('docs/hosting.md').filter(({ text }) => text.includes('rsync '));
  const [first, ...rest] = blocks[0]?.text.trim().split('\n') ?? [];
  if (blocks.length !== 1 || first !== BUILD) throw new Error('no single block builds and uploads');
  return rest;
}

/** Builds `files` and uploads them to the folder `site`; `after` is called when each line of the document has been done. */
export async function deploy(
  files: Readonly<Record<string, string>>,
  site: string,
  after: (command: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'cairn-build-'));
  try {
    await writeBuild(work, files);
    for (const command of uploadCommands()) {
      await runCommand(command, work, site);
      await after(command);
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Times of files lie a minute apart from build to build: copying by time and size must see each. */
let builds = 0;

/** Writes `files` into the empty folder `work`/dist, as a build does. */
async function writeBuild(work: string, files: Readonly<Record<string, string>>): Promise<void> {
  builds++;
  const time = Date.now() / 1000 - 86400 + 60 * builds;
  for (const [path, text] of Object.entries(files)) {
    const file = join(work, 'dist', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await utimes(file, time, time);
  }
}

/** Does what one of {@link uploadCommands} says, in `work`, with the folder `site` as the host's. */
async function runCommand(command: string, work: string, site: string): Promise<void> {
  if (command.startsWith('rsync ') && !RSYNC) return copyAsRsync(command, work, site);
  execFileSync('sh', ['-e', '-c', command.replaceAll(HOST, site)], { cwd: work });
}

/**
 * `rsync -a [--exclude=PATTERN] SOURCE HOST/FOLDER/`, with a folder that ends in `/` or names with a `*` at their end
 * as SOURCE, and patterns of one part. Throws for anything else.
 */
async function copyAsRsync(command: string, work: string, site: string): Promise<void> {
  const words = command.split(/\s+/).map((word) => word.replace(/'/g, ''));
  const [target = '', source = ''] = words.reverse();
  const options = words.slice(2, -1);
  if (!options.every((word) => word === '-a' || word.startsWith('--exclude='))) {
    throw new Error(`"${command}" is more than this test can do without rsync`);
  }
  const patterns = options
    .filter((word) => word !== '-a')
    .map((word) => word.slice('--exclude='.length));
  const to = target.replace(HOST, site);
  await mkdir(to, { recursive: true });
  const folder = join(work, source.endsWith('/') ? source : dirname(source));
  const named = source.endsWith('/')
    ? null
    : pattern(`/${source.slice(dirname(source).length + 1)}`);
  for (const name of await readdir(folder)) {
    if (named && !named.test(`/${name}`)) continue;
    await cp(join(folder, name), join(to, name), {
      recursive: true,
      preserveTimestamps: true,
      filter: async (file) =>
        (await stat(file)).isDirectory() ||
        !patterns.some((one) => pattern(one).test(`/${relative(folder, file)}`)),
    });
  }
}

/** Without a `/` in front it fits a name in any folder. */
function pattern(text: string): RegExp {
  const escaped = text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
  return new RegExp(`${text.startsWith('/') ? '^' : '/'}${escaped}$`);
}
