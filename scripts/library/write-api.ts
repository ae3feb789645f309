// npm run library:api: keeps the API of the package as it is now, under the version that it has now.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../document.ts';
import { libraryTypes } from './build.ts';

const folder = join(ROOT, 'src/library');
const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
  version: string;
};
await writeFile(join(folder, 'cairn.api.d.ts'), `// ${version}\n${await libraryTypes()}`);
