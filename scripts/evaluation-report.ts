// The evaluation of the whole pipeline, stage by stage, as the contest does it: the tables and pictures of
// docs/evaluation.md.
//
// Usage: npx tsx scripts/evaluation-report.ts MANIFEST.csv [--worst FOLDER]
//
// Queries are verified with stored views; results of matching are kept in .cache. With --worst, contact sheets of
// the hundred queries that cost most go into FOLDER, which must lie outside the repository: photos are not ours to
// ship.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { choosePhotos } from '../src/cli/evaluation-photos.ts';
import { openModel } from '../src/cli/models.ts';
import { PairMatcher } from '../src/cli/pair-matcher.ts';
import { photosOfLabels, type QueryPhoto, rankPhotos } from '../src/cli/rank-photos.ts';
import { bootstrapInterval } from '../src/evaluation/bootstrap.ts';
import {
  calibrationError,
  reliabilityPicture,
  stagePicture,
} from '../src/evaluation/decision-plots.ts';
import {
  globalAveragePrecision,
  isRight,
  type ScoredPrediction,
  shareAccepted,
  thresholdAccepting,
  top1,
} from '../src/evaluation/recognition-metrics.ts';
import { type QueryKind, reliability } from '../src/evaluation/report.ts';
import { predictionsByStage, type StageName } from '../src/evaluation/stages.ts';
import { RERANK, VERIFICATION } from '../src/rerank/presets.ts';
import { ROOT, tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/evaluation.md';
const SINGLES = ['efficientnet-lite0-rgem', 'efficientnet-lite2-gem'] as const;
const WORST = 100;

const { values: flags, positionals: manifest } = parseArgs({
  allowPositionals: true,
  options: { worst: { type: 'string' } },
});
if (manifest.length === 0) throw new Error('Give the manifest of the photos.');
if (flags.worst && !relative(ROOT, flags.worst).startsWith('..')) {
  throw new Error('--worst must lie outside the repository.');
}

interface Scored {
  readonly split: 'validation' | 'query';
  readonly queries: readonly QueryPhoto[];
  readonly byStage: ReadonlyMap<StageName, readonly ScoredPrediction[]>;
  /** Of the five choices, whether the right one is among them. */
  readonly inFive: readonly boolean[];
}

const pairs = await PairMatcher.open({});

async function score(split: Scored['split'], encoder?: string): Promise<Scored> {
  const photos = await choosePhotos({
    manifest,
    gallerySplits: 'index,train',
    querySplit: 'query',
    ...(split === 'validation' ? { split } : {}),
  });
  const model = await openModel(encoder);
  const verifier = encoder ? null : { pairs, references: 'stored' as const };
  const { ranked, queries, labels, matches, loaded, index } = await rankPhotos(
    photos,
    model,
    verifier,
  );
  index.close();
  const { decision, trees } = model.reranker;
  const byStage = predictionsByStage(
    ranked,
    labels,
    RERANK,
    decision,
    matches && { matches, preset: VERIFICATION },
    trees && { model: trees, photosOf: photosOfLabels(loaded) },
  );
  const inFive = ranked.map(({ query, trace }) =>
    trace.ranked.slice(0, VERIFICATION.labels).some(({ label }) => labels[label] === query.label),
  );
  return { split, queries, byStage, inFive };
}

function row(name: string, { queries }: Scored, predictions: readonly ScoredPrediction[]): string {
  const of = (...kinds: QueryKind[]) =>
    predictions.filter((_, i) => kinds.includes(queries[i]!.queryKind));
  const interval = bootstrapInterval(predictions, globalAveragePrecision);
  const threshold = thresholdAccepting(predictions, 0.9);
  const passing = (kind: QueryKind) =>
    shareAccepted(
      of(kind).map(({ score: s }) => s),
      threshold,
    );
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return tableRow([
    name,
    `${globalAveragePrecision(predictions).toFixed(4)} [${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]`,
    globalAveragePrecision(of('seen', 'unlisted', 'non-landmark')).toFixed(3),
    globalAveragePrecision(of('unseen', 'unlisted', 'non-landmark')).toFixed(3),
    top1(predictions).toFixed(3),
    top1(of('seen')).toFixed(3),
    top1(of('unseen')).toFixed(3),
    percent(passing('non-landmark')),
    percent(passing('unlisted')),
  ]);
}

const HEAD = [
  tableRow([
    'stage',
    'GAP [95 %]',
    'GAP, seen',
    'GAP, new',
    'top-1',
    'top-1, seen',
    'top-1, new',
    'non-landmarks at 90 %',
    'unlisted at 90 %',
  ]),
  tableRow(Array.from({ length: 9 }, () => '---')),
];

function ablation(scored: Scored, singles: readonly { id: string; scored: Scored }[]): string {
  return [
    ...HEAD,
    ...[...scored.byStage].map(([stage, predictions]) => row(stage, scored, predictions)),
    ...singles.map(({ id, scored: own }) =>
      row(`${id} alone, +decision`, own, own.byStage.get('+decision') ?? []),
    ),
  ].join('\n');
}

/** What an error is, from the nearest to the truth on. */
const ERRORS = [
  'a landmark of the collection, another of the five',
  'a landmark of the collection, none of the five',
  'a landmark that is not in the collection',
  'no landmark',
] as const;

interface Mistake {
  readonly at: number;
  readonly query: QueryPhoto;
  readonly prediction: ScoredPrediction;
  readonly error: (typeof ERRORS)[number];
}

function finalOf({ byStage }: Scored): readonly ScoredPrediction[] {
  return [...byStage.values()].at(-1) ?? [];
}

/** Of the last stage. */
function mistakes(scored: Scored): Mistake[] {
  return finalOf(scored).flatMap((prediction, at) => {
    if (isRight(prediction)) return [];
    const query = scored.queries[at]!;
    const listed = scored.inFive[at] ? 0 : 1;
    const missing = query.queryKind === 'unlisted' ? 2 : 3;
    return [
      { at, query, prediction, error: ERRORS[prediction.truth.length > 0 ? listed : missing] },
    ];
  });
}

/** What GAP would gain: with the right name in place of the wrong one, or none where there is nothing to name. */
function gainOf(scored: Scored, some: readonly Mistake[]): number {
  const final = finalOf(scored);
  const wrong = new Set(some.map(({ at }) => at));
  const mended = final.map((p, at) => {
    if (!wrong.has(at)) return p;
    const [right] = p.truth;
    return right === undefined ? { ...p, score: Number.NEGATIVE_INFINITY } : { ...p, label: right };
  });
  return globalAveragePrecision(mended) - globalAveragePrecision(final);
}

function errorTable(scored: Scored): string {
  const all = mistakes(scored);
  const threshold = thresholdAccepting(finalOf(scored), 0.9);
  return [
    tableRow(['the photo shows', 'errors', 'above the 90 % threshold', 'GAP won']),
    tableRow(['---', '---', '---', '---']),
    ...ERRORS.map((error) => {
      const own = all.filter((mistake) => mistake.error === error);
      const above = own.filter(({ prediction }) => prediction.score >= threshold).length;
      return tableRow([error, own.length, above, gainOf(scored, own).toFixed(4)]);
    }),
  ].join('\n');
}

/** Twenty photos a sheet, each with what was said and what is true. */
async function contactSheets(worst: readonly Mistake[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const [columns, rows, cell, text] = [5, 4, 200, 44];
  for (let from = 0; from < worst.length; from += columns * rows) {
    const some = worst.slice(from, from + columns * rows);
    const composites = await Promise.all(
      some.flatMap(({ query, prediction, error }, i) => {
        const left = (i % columns) * cell;
        const top = Math.floor(i / columns) * (cell + text);
        const lines = [
          `${prediction.label} ${prediction.score.toFixed(2)}`,
          query.label || query.queryKind,
          error,
        ];
        const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${cell}" height="${text}" font-family="sans-serif" font-size="11">${lines.map((line, n) => `<text x="4" y="${13 + 14 * n}">${line}</text>`).join('')}</svg>`;
        return [
          sharp(query.file)
            .resize(cell - 6, cell - 6, { fit: 'inside' })
            .toBuffer()
            .then((input) => ({ input, left, top })),
          Promise.resolve({ input: Buffer.from(svg), left, top: top + cell - 4 }),
        ];
      }),
    );
    const size = { width: columns * cell, height: rows * (cell + text) };
    await sharp({ create: { ...size, channels: 3, background: '#ffffff' } })
      .composite(composites)
      .jpeg({ quality: 80 })
      .toFile(join(folder, `worst-${1 + from / (columns * rows)}.jpg`));
  }
}

const splits = ['validation', 'query'] as const;
const scored: Scored[] = [];
for (const split of splits) {
  const whole = await score(split);
  const singles = [];
  for (const id of SINGLES) singles.push({ id, scored: await score(split, id) });
  writePart(DOCUMENT, `ablation-${split}`, ablation(whole, singles));
  writePart(DOCUMENT, `errors-${split}`, errorTable(whole));
  scored.push(whole);
}
await pairs.dispose();

const bins = scored.map((one) => ({
  title: one.split,
  bins: reliability(finalOf(one)),
}));
writePart(
  DOCUMENT,
  'calibration',
  [
    tableRow(['split', 'queries', 'expected calibration error']),
    tableRow(['---', '---', '---']),
    ...bins.map(({ title, bins: own }) =>
      tableRow([title, own.reduce((n, b) => n + b.queries, 0), calibrationError(own).toFixed(3)]),
    ),
  ].join('\n'),
);
writeFileSync(join(ROOT, 'docs', 'evaluation-reliability.svg'), reliabilityPicture(bins));
writeFileSync(
  join(ROOT, 'docs', 'evaluation-stages.svg'),
  stagePicture(
    scored.map(({ split, byStage }) => ({
      title: split,
      bars: [...byStage].map(([name, predictions]) => ({
        name,
        gap: globalAveragePrecision(predictions),
        interval: bootstrapInterval(predictions, globalAveragePrecision),
      })),
    })),
  ),
);
const query = scored.find(({ split }) => split === 'query')!; // one of the splits
if (flags.worst) {
  const worst = mistakes(query)
    .map((mistake) => ({ mistake, gain: gainOf(query, [mistake]) }))
    .sort((a, b) => b.gain - a.gain)
    .slice(0, WORST);
  await contactSheets(
    worst.map(({ mistake }) => mistake),
    flags.worst,
  );
}
