// Does matching tell photos of one landmark from photos of two? Pairs drawn by a seed, the similarity of their
// embeddings beside what matching finds. Writes the tables in docs/matching.md and docs/matching-roc.svg, and
// prints all figures as JSON.
//
// Usage: npx tsx scripts/match-roc.ts [MANIFEST.csv] [--weights FILE --spec NAME | --superpoint FILE --superglue FILE]
//   [--sides PX,PX] [--pairs 1000] [--validation-only] [--random]
//
// The registry's matcher is asked unless weights are given. Validation chooses among the numbers that matching
// gives, and among --sides (the matcher's own longest side when left out); the query split is then asked once,
// with what was chosen. --pairs is the number of each of the two kinds. Results are kept in .cache: an interrupted run
// goes on where it stopped. With --random (weights), --validation-only or another number of pairs nothing is written.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { embeddingsOf, encodePhotos } from '../src/cli/encode-photos.ts';
import { choosePhotos } from '../src/cli/evaluation-photos.ts';
import { readNumber, readNumbers, WHOLE } from '../src/cli/flags.ts';
import { type OpenModel, openModel } from '../src/cli/models.ts';
import { note, printJson, progressLine } from '../src/cli/output.ts';
import { type PairEvidence, PairMatcher } from '../src/cli/pair-matcher.ts';
import type { ListedPhoto } from '../src/cli/photo-list.ts';
import { bootstrapInterval, type Interval } from '../src/evaluation/bootstrap.ts';
import { groupBy } from '../src/evaluation/group.ts';
import {
  type DrawnPair,
  drawLandmarkPairs,
  type EmbeddedPhoto,
} from '../src/evaluation/landmark-pairs.ts';
import { areaUnderRoc, shareAccepted } from '../src/evaluation/recognition-metrics.ts';
import { pointRefusing, rocCurve, rocPicture } from '../src/evaluation/roc-curve.ts';
import { ROOT, tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/matching.md';
const PART = 'match-roc';
const PICTURE = 'matching-roc.svg';
const PAIRS = 1000;
const SEED = 1;
/** Share of validation's pairs of two landmarks that may pass the threshold. */
const PASS = 0.01;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    weights: { type: 'string' },
    spec: { type: 'string' },
    superpoint: { type: 'string' },
    superglue: { type: 'string' },
    sides: { type: 'string' },
    pairs: { type: 'string', default: String(PAIRS) },
    random: { type: 'boolean', default: false },
    'validation-only': { type: 'boolean', default: false },
  },
});

interface Photo extends EmbeddedPhoto {
  readonly path: string;
  readonly file: string;
}

/** A pair with what matching found of it. */
interface Asked extends DrawnPair<Photo> {
  readonly found: PairEvidence;
}

interface Score {
  readonly name: string;
  readonly of: (pair: Asked) => number;
}

const SIMILARITY: Score = { name: 'similarity of the embeddings', of: (pair) => pair.similarity };

/** What the validation chooses from. */
const SCORES: readonly Score[] = [
  { name: 'matches', of: ({ found }) => found.matches },
  { name: 'inliers of the homography', of: ({ found }) => found.homographyInliers },
  { name: 'inliers of the fundamental matrix', of: ({ found }) => found.fundamentalInliers },
  { name: 'inliers of the chosen model', of: ({ found }) => found.inliers },
  { name: 'confidences of these inliers, summed', of: ({ found }) => found.confidence },
  { name: 'their share of the matches', of: ({ found }) => found.inlierRatio },
];

const isSame = ({ kind }: { readonly kind: string }) => kind === 'same';

async function embed(photos: readonly ListedPhoto[], model: OpenModel, what: string) {
  const embedded: Photo[] = [];
  const work = { onProgress: progressLine(what) };
  for await (const result of encodePhotos(photos, embeddingsOf(model), work)) {
    const { path, file, label } = result.photo;
    if ('problem' in result) note(`skipped ${path}: ${result.problem}`);
    else embedded.push({ path, file, label, vector: result.vector });
  }
  return embedded;
}

async function drawPairs(split: 'validation' | 'query', model: OpenModel, count: number) {
  const { gallery, queries } = await choosePhotos({
    manifest: [positionals[0] ?? join(ROOT, '../shared/data/manifest.csv')],
    gallerySplits: 'index,train',
    querySplit: 'query',
    ...(split === 'validation' ? { split } : {}),
  });
  const labelled = queries.filter(({ label }) => label !== '');
  return drawLandmarkPairs(
    await embed(labelled, model, `${split}: queries`),
    await embed(gallery, model, `${split}: gallery`),
    { positives: count, negatives: count, seed: SEED },
  );
}

/** A query's pairs one after another, so that its features are computed once. */
async function ask(pairs: readonly DrawnPair<Photo>[], matcher: PairMatcher, what: string) {
  const asked: Asked[] = [];
  const ordered = [...groupBy(pairs, ({ query }) => query.path).values()].flat();
  const work = progressLine(what);
  for (const [i, pair] of ordered.entries()) {
    const found = await matcher.evidence([pair.query.file, pair.reference.file]);
    if (found) asked.push({ ...pair, found });
    else note(`skipped ${pair.query.path} and ${pair.reference.path}: one photo`);
    work({ stage: 'rerank', done: i + 1, total: ordered.length, unit: 'rows' });
  }
  return asked;
}

/** Area under the ROC curve against all pairs of two landmarks, or against one kind of them. */
function auc(pairs: readonly Asked[], { of }: Score, kind?: 'hard' | 'other'): number {
  const negatives = pairs.filter((pair) => (kind ? pair.kind === kind : !isSame(pair)));
  return areaUnderRoc(pairs.filter(isSame).map(of), negatives.map(of));
}

/** Over queries, as the pairs of one query go together. */
function interval(pairs: readonly Asked[], score: Score, kind?: 'hard' | 'other'): Interval {
  const byQuery = [...groupBy(pairs, ({ query }) => query.path).values()];
  return bootstrapInterval(byQuery, (sample) => auc(sample.flat(), score, kind));
}

const curveOf = (pairs: readonly Asked[], { of }: Score) =>
  rocCurve(pairs.filter(isSame).map(of), pairs.filter((pair) => !isSame(pair)).map(of));

function figuresOf(pairs: readonly Asked[], score: Score) {
  const { threshold, positives } = pointRefusing(curveOf(pairs, score), PASS);
  return {
    score: score.name,
    auc: auc(pairs, score),
    hard: auc(pairs, score, 'hard'),
    other: auc(pairs, score, 'other'),
    threshold,
    accepted: positives,
  };
}

/** What the query split says of a score, at the threshold that validation gave. */
function reportOf(pairs: readonly Asked[], score: Score, threshold: number) {
  const passing = (same: boolean) =>
    shareAccepted(pairs.filter((pair) => isSame(pair) === same).map(score.of), threshold);
  return {
    score: score.name,
    auc: auc(pairs, score),
    aucInterval: interval(pairs, score),
    hard: auc(pairs, score, 'hard'),
    hardInterval: interval(pairs, score, 'hard'),
    other: auc(pairs, score, 'other'),
    threshold,
    accepted: passing(true),
    acceptedWrongly: passing(false),
  };
}

const number = (value: number) => value.toFixed(3);
const within = (value: number, { low, high }: Interval) =>
  `${number(value)} (${number(low)}–${number(high)})`;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const level = (threshold: number) => {
  if (threshold === Number.POSITIVE_INFINITY) return 'none passes';
  return Number.isInteger(threshold) ? String(threshold) : threshold.toPrecision(3);
};

function table(head: readonly string[], body: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---'), ...body].map(tableRow).join('\n');
}

const count = readNumber('--pairs', flags.pairs, WHOLE);
const sides = flags.sides === undefined ? [undefined] : readNumbers('--sides', flags.sides, WHOLE);
const model = await openModel();
const open = (longestSide?: number) => {
  const { weights, spec, superpoint, superglue, random } = flags;
  return PairMatcher.open({ weights, spec, superpoint, superglue, random, longestSide });
};

/** Every side on the validation's pairs; the first best is chosen. */
async function choose() {
  const drawn = await drawPairs('validation', model, count);
  const runs = [];
  for (const side of sides) {
    const matcher = await open(side);
    const pairs = await ask(drawn, matcher, `validation, ${matcher.title}`);
    await matcher.dispose();
    const figures = SCORES.map((score) => figuresOf(pairs, score));
    const best = figures.reduce((a, b) => (b.auc > a.auc ? b : a));
    runs.push({ side, title: matcher.title, pairs, figures, best });
  }
  return { runs, chosen: runs.reduce((a, b) => (b.best.auc > a.best.auc ? b : a)) };
}

const { runs, chosen } = await choose();
const similarity = figuresOf(chosen.pairs, SIMILARITY);
const validation = {
  similarity,
  runs: runs.map(({ title, figures }) => ({ title, figures })),
  chosen: { title: chosen.title, score: chosen.best.score },
};
if (flags['validation-only']) {
  printJson({ validation });
  process.exit(0);
}

const score = SCORES.find(({ name }) => name === chosen.best.score)!;
const matcher = await open(chosen.side);
const asked = await ask(await drawPairs('query', model, count), matcher, `query, ${matcher.title}`);
await matcher.dispose();
const query = [
  reportOf(asked, SIMILARITY, similarity.threshold),
  reportOf(asked, score, chosen.best.threshold),
];
const counts = (pairs: readonly Asked[]) => {
  const of = (kind: string) => pairs.filter((pair) => pair.kind === kind).length;
  return `${of('same')} pairs of one landmark, ${of('hard')} hard and ${of('other')} other pairs of two`;
};
if (count === PAIRS && !flags.random) {
  const validationRow = (
    title: string,
    { score: name, auc, hard, other, accepted }: typeof similarity,
  ) => [title, name, number(auc), number(hard), number(other), percent(accepted)];
  const picture = [
    { title: 'Validation', pairs: chosen.pairs },
    { title: 'Query', pairs: asked },
  ].map(({ title, pairs }) => ({
    title,
    curves: [
      { name: 'embeddings', points: curveOf(pairs, SIMILARITY) },
      { name: 'matching', points: curveOf(pairs, score) },
    ],
  }));
  writeFileSync(
    join(ROOT, 'docs', PICTURE),
    rocPicture(picture, 'Pairs of one landmark that pass, by pairs of two that pass'),
  );
  writePart(
    DOCUMENT,
    PART,
    [
      `Areas under ROC curves on validation (${counts(chosen.pairs)}), and the share of the pairs of one landmark that passes where ${percent(PASS)} of those of two do. Embeddings of \`${model.info.id}\`.`,
      '',
      table(
        ['by', 'number', 'AUC', 'against hard pairs', 'against other pairs', 'pass'],
        [
          validationRow('embeddings', similarity),
          ...runs.flatMap(({ title, figures }) =>
            figures.map((each) => validationRow(title, each)),
          ),
        ],
      ),
      '',
      `Chosen: ${chosen.best.score}, by ${chosen.title}. On the query split (${counts(asked)}), with the thresholds that validation gave:`,
      '',
      table(
        ['number', 'AUC', 'against hard pairs', 'threshold', 'one landmark: pass', 'two: pass'],
        query.map((each) => [
          each.score,
          within(each.auc, each.aucInterval),
          within(each.hard, each.hardInterval),
          level(each.threshold),
          percent(each.accepted),
          percent(each.acceptedWrongly),
        ]),
      ),
      '',
      `![Two panels of ROC curves, validation and query: the share of pairs of one landmark that passes by the share of pairs of two, on a scale that grows by factors](${PICTURE})`,
    ].join('\n'),
  );
}
printJson({ validation, query, pairs: { validation: counts(chosen.pairs), query: counts(asked) } });
process.exit(0);
