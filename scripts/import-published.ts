// What `cairn import-weights` makes of the state dicts of timm's published sizes. Each is made by timm with
// random weights, its names are what counts. Writes the table in docs/models.md.
//
// Usage: npx tsx scripts/import-published.ts [SPEC...]   (needs Python with scripts/requirements.txt; PYTHON names it)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARCHS, specsOf } from '../src/nets/networks.ts';
import { parameterShapes } from '../src/nets/parameters.ts';
import { readSafetensors } from '../src/weights/safetensors.ts';
import { ROOT, readPart, rowsOf, tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/models.md';
const PART = 'import-published';
const PYTHON = process.env.PYTHON ?? 'python3';
/** These, without timm's names, are ours. */
const OURS = ['compact', 'tiny', 'tiny_eca'];
/** In PyTorch's own file; the others as safetensors. */
const AS_PTH = ['seresnet50', 'swin_tiny_patch4_window7_224', 'eca_nfnet_l0'];

/** What `cairn import-weights` prints, as far as it is read here. */
interface Report {
  readonly matched: number;
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly misshapen: readonly unknown[];
  readonly dropped: readonly string[];
}

interface Row {
  readonly spec: string;
  readonly line: string;
  readonly clean: boolean;
}

const published = ARCHS.filter((arch) => arch !== 'efficientnet-lite').flatMap((arch) =>
  specsOf(arch)
    .filter((spec) => !OURS.includes(spec))
    .map((spec) => ({ arch, spec })),
);

const COUNTER = /\.num_batches_tracked$/;

function importOne(arch: string, spec: string): Row {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-import-'));
  const ending = AS_PTH.includes(spec) ? 'pth' : 'safetensors';
  const [file, out] = [join(folder, `published.${ending}`), join(folder, 'ours.safetensors')];
  try {
    execFileSync(PYTHON, [join(ROOT, 'scripts/published-checkpoint.py'), spec, file]);
    const cli = join(ROOT, 'src/cli/cairn.mjs');
    const args = [cli, 'import-weights', file, '--arch', arch, '--spec', spec, '--out', out];
    const report = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Report;
    const { matched, missing, unexpected, misshapen, dropped } = report;
    const classifier = dropped.filter((name) => !COUNTER.test(name));
    // The file itself, not only what is said of it.
    const written = readSafetensors(new Uint8Array(readFileSync(out)));
    const wanted = parameterShapes(arch, spec);
    const whole = [...wanted].every(
      ([name, shape]) => written.get(name)?.shape.join() === `${shape}`,
    );
    const counts = [missing, unexpected, misshapen].map((names) => names.length);
    const names = classifier.map((name) => `\`${name}\``).join(', ');
    const counters = dropped.length - classifier.length;
    return {
      spec,
      line: tableRow([spec, `.${ending}`, matched, ...counts, names, counters]),
      clean: whole && matched === wanted.size && counts.every((count) => count === 0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
const chosen = published.filter(({ spec }) => wanted.length === 0 || wanted.includes(spec));
if (chosen.length === 0) {
  console.error(`Name some of: ${published.map(({ spec }) => spec).join(', ')}.`);
  process.exit(2);
}
const rows = chosen.map(({ arch, spec }) => {
  const row = importOne(arch, spec);
  console.log(row.line);
  return row;
});
const before = rowsOf(readPart(DOCUMENT, PART));
for (const { spec, line } of rows) before.set(spec, [line]);
const lines = published.flatMap(({ spec }) => before.get(spec) ?? []);
const head = ['state dict', 'file', 'matched', 'missing', 'unexpected', 'misshapen'];
const all = [...head, 'classifier, left out', 'counters, left out'];
writePart(DOCUMENT, PART, [tableRow(all), tableRow(all.map(() => '---')), ...lines].join('\n'));
const off = rows.filter(({ clean }) => !clean);
if (off.length > 0) {
  console.error(`Not whole: ${off.map(({ spec }) => spec).join(', ')}.`);
  process.exitCode = 1;
}
