// npm run bundle: the sizes of the built page's scripts; exit code 1 where a budget is passed.
//
//   npm run build && npm run bundle [-- --json] [-- --site DIR]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../document.ts';
import { type BundlePart, bundleReport, overBudget } from './report.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, site: { type: 'string', default: join(ROOT, 'dist') } },
});
const parts = await bundleReport(values.site).catch((thrown: NodeJS.ErrnoException) => {
  if (thrown.code !== 'ENOENT') throw thrown;
  process.stderr.write(`${values.site} holds no built page: run "npm run build" first.\n`);
  process.exit(2);
});
process.stdout.write(values.json ? `${JSON.stringify(parts)}\n` : parts.map(inWords).join('\n'));
process.exitCode = parts.some(overBudget) ? 1 : 0;

function inWords({ part, gzip, budget, scripts }: BundlePart): string {
  const limit = budget === null ? '' : ` of ${kb(budget)}${gzip > budget ? ': over budget' : ''}`;
  const rows = scripts.map(({ path, gzip: size }) => `  ${kb(size).padStart(9)}  ${path}\n`);
  return `${part}: ${kb(gzip)}${limit}\n${rows.join('')}`;
}

function kb(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} KB`;
}
