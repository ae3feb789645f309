// The tables and the picture of the ablation in docs/training.md, from the results of `cairn ablate --out`.
//
// Usage: npx tsx scripts/ablation-report.ts RESULTS.jsonl
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ablationPicture } from '../src/training/ablation/picture.ts';
import type { AblationSettings } from '../src/training/ablation/presets.ts';
import { type AblationLine, ablationTable, summarise } from '../src/training/ablation/summary.ts';
import { ROOT, writePart } from './document.ts';

const DOCUMENT = 'docs/training.md';
const PICTURE = 'training-ablation.svg';

const [file] = process.argv.slice(2);
if (file === undefined)
  throw new Error('Give the results: npx tsx scripts/ablation-report.ts FILE');
const lines = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as AblationLine & { readonly conditions: string });
const conditions = new Set(lines.map((line) => line.conditions));
if (conditions.size !== 1) throw new Error(`${file} mixes results of ${conditions.size} settings.`);

/** What the command wrote into each line: of what, and with which numbers. */
const { network, size, photos, settings } = JSON.parse([...conditions][0]!) as {
  readonly network: string;
  readonly size: number;
  readonly photos: number;
  readonly settings: AblationSettings;
};
const runWith = [
  `last maps of the network of \`${network}\` at ${size} px, ${photos} photos`,
  `p = ${settings.power}`,
  `${settings.dim} numbers`,
  `${settings.epochs} epochs in batches of ${settings.batch}`,
  `AdamW at ${settings.learningRate} with decay ${settings.weightDecay}`,
  `warm-up over ${100 * settings.warmUp} % of the steps, then cosine`,
  `clipping at ${settings.clipNorm}`,
  `average with decay ${settings.averageDecay}`,
].join('; ');

const cells = summarise(lines);
const seeds = new Set(lines.flatMap(({ seed }) => seed ?? [])).size;
const figures = [
  ['gap', 'Validation GAP, after votes and distractor penalty'],
  ['top1', 'Validation top-1, of the queries that show a landmark of the gallery'],
  ['nearest', 'Validation GAP by the nearest neighbour alone'],
] as const;
const tables = figures.map(([figure, title]) => `${title}:\n\n${ablationTable(cells, figure)}`);
const spread = `Means ± standard deviations over ${seeds} seeds (of the start and of the batches); the best in bold.`;
const picture = `![Validation GAP and top-1 by method and pooling](${PICTURE})`;
writePart(DOCUMENT, 'ablation', [`Run with: ${runWith}.`, picture, spread, ...tables].join('\n\n'));
writeFileSync(join(ROOT, 'docs', PICTURE), ablationPicture(cells, ['gap', 'top1']));
