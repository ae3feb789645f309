// What verification with stored views is worth on the validation split, and which of its constants do best there:
// a grid over floor, saturation, weight and odds. Writes the part `verification` of docs/matching.md.
//
// Usage: npx tsx scripts/verification-grid.ts MANIFEST.csv...
//
// The registry's matcher is asked; what it finds is kept in .cache. VERIFICATION is set by hand from the result.
import { choosePhotos } from '../src/cli/evaluation-photos.ts';
import { openModel } from '../src/cli/models.ts';
import { PairMatcher } from '../src/cli/pair-matcher.ts';
import { rankPhotos } from '../src/cli/rank-photos.ts';
import { predictionsByStage, type StageScore, scoreStages } from '../src/evaluation/stages.ts';
import { RERANK, VERIFICATION, type VerificationPreset } from '../src/rerank/presets.ts';
import { tableRow, writePart } from './document.ts';

const GRID = {
  floor: [8, 12, 15, 18, 22],
  saturation: [25, 30, 40, 50, 60],
  weight: [0, 0.25, 0.5, 1, 2],
  odds: [0, 1, 2, 3, 4],
} as const;

const manifest = process.argv.slice(2);
if (manifest.length === 0) throw new Error('Give the manifest of the photos.');
const photos = await choosePhotos({
  manifest,
  gallerySplits: '',
  querySplit: '',
  split: 'validation',
});
const model = await openModel();
const pairs = await PairMatcher.open({});
const { ranked, labels, matches, index } = await rankPhotos(photos, model, {
  pairs,
  references: 'stored',
});
index.close();
await pairs.dispose();
if (!matches) throw new Error('Nothing was verified.');

const score = (preset: VerificationPreset): readonly StageScore[] =>
  scoreStages(
    predictionsByStage(ranked, labels, RERANK, model.reranker.decision, { matches, preset }),
  );

const grid = GRID.floor.flatMap((floor) =>
  GRID.saturation.flatMap((saturation) =>
    GRID.weight.flatMap((weight) =>
      GRID.odds.map((odds) => ({ ...VERIFICATION, floor, saturation, weight, odds })),
    ),
  ),
);
const [best] = grid
  .map((preset) => ({ preset, scored: score(preset).at(-1)! })) // the last is +loftr
  .sort((a, b) => b.scored.gap - a.scored.gap);

const own = score(VERIFICATION);
const row = (name: string, { gap, top1 }: StageScore) =>
  tableRow([name, gap.toFixed(4), top1.toFixed(4)]);
const named = ({ floor, saturation, weight, odds }: VerificationPreset) =>
  `floor ${floor}, saturation ${saturation}, weight ${weight}, odds ${odds}`;

/** Inliers of all references that were matched, by whether they show the query's landmark. */
function inliersOf(right: boolean): number[] {
  return (matches ?? [])
    .flatMap((found, i) =>
      found
        .filter(({ label }) => (labels[label] === ranked[i]?.query.label) === right)
        .map(({ inliers }) => inliers),
    )
    .sort((a, b) => a - b);
}

function spread(name: string, sorted: readonly number[]): string {
  const shares = [0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map(
    (share) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0,
  );
  return tableRow([name, sorted.length, ...shares]);
}

writePart(
  'docs/matching.md',
  'verification',
  [
    tableRow(['validation split', 'GAP', 'top-1']),
    tableRow(['---', '---', '---']),
    row('+decision', own.at(-2)!),
    row(`+loftr, as it is: ${named(VERIFICATION)}`, own.at(-1)!),
    row(`+loftr, best of ${grid.length}: ${named(best!.preset)}`, best!.scored),
    '',
    tableRow(['inliers with', 'references', '5 %', '25 %', '50 %', '75 %', '95 %', '99 %']),
    tableRow(Array.from({ length: 8 }, () => '---')),
    spread('the right landmark', inliersOf(true)),
    spread('others', inliersOf(false)),
  ].join('\n'),
);
console.log(JSON.stringify({ stages: own, best }, null, 2));
