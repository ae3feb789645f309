// A later build of a site: every asset has another name, as if all of them had changed.
import { cp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { writeWorker } from '../../../scripts/shell-worker.ts';

/** Characters of the hash that Vite puts at the end of a name. */
const HASH = 8;

/** @param name shows in the page as `<meta name="build">` */
export async function writeNextBuild(site: string, to: string, name: string): Promise<void> {
  await cp(site, to, { recursive: true, filter: (path) => !path.endsWith('.map') });
  const assets = join(to, 'assets');
  const names = await readdir(assets);
  const stems = names.map((file) => file.slice(0, -extname(file).length));
  const renamed = (stem: string) => `${stem.slice(0, -HASH)}${name}${stem.slice(-HASH)}`;
  const rewrite = async (file: string) => {
    let text = await readFile(file, 'utf8');
    for (const stem of stems) text = text.replaceAll(stem, renamed(stem));
    await writeFile(file, text.replace('<head>', `<head><meta name="build" content="${name}" />`));
  };
  for (const [at, file] of names.entries()) {
    const path = join(assets, file);
    if (/\.(m?js|css)$/.test(file)) await rewrite(path);
    await rename(path, join(assets, renamed(stems[at]!) + extname(file))); // one stem a name
  }
  await rewrite(join(to, 'index.html'));
  await writeWorker(to);
}
