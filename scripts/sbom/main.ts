// npm run sbom: the software bill of materials, as JSON; models and the default collection included.
//
//   npm run sbom [-- --out FILE]     FILE is sbom.cdx.json when left out; `-` is stdout
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../document.ts';
import { makeBom } from './bom.ts';

const { values } = parseArgs({
  options: { out: { type: 'string', default: join(ROOT, 'sbom.cdx.json') } },
});
const bom = await makeBom();
const text = `${JSON.stringify(bom, null, 2)}\n`;
if (values.out === '-') process.stdout.write(text);
else {
  await writeFile(values.out, text);
  process.stderr.write(`${values.out}: ${bom.components.length} components\n`);
}
