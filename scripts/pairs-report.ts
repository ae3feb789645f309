// How matchers do on pairs of photos with known geometry: ours by their weights, others by what
// scripts/match-peers.py found. Writes the tables in docs/matching.md and prints all figures as JSON.
//
// Usage: npx tsx scripts/pairs-report.ts [PAIRS] [--peers FILE.jsonl] [--points FILE.jsonl]
//   [--weights FILE --spec NAME | --superpoint FILE --superglue FILE] [--registry] [--longest-side PX] [--random]
//
// PAIRS is ../shared/data/pairs when left out. Without weights the peers alone are written; rows of matchers
// that are not measured anew stay. --registry measures the registry's own matcher. --points takes matches that
// match-peers.py wrote and adds rows of our estimator on them. --random tries the way of a LoFTR with random
// weights, and writes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { note, printJson } from '../src/cli/output.ts';
import { PairMatcher } from '../src/cli/pair-matcher.ts';
import { type PairFiles, readPairSet } from '../src/cli/pair-set.ts';
import {
  type ErrorFigures,
  type PairEstimate,
  type PairFigures,
  pairFigures,
} from '../src/evaluation/pair-report.ts';
import { findFundamental, findHomography } from '../src/geometry/find.ts';
import { ROOT, readPart, rowsOf, tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/matching.md';
const PART = 'pairs';
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peers: { type: 'string', default: join(ROOT, 'docs/matching-peers.jsonl') },
    points: { type: 'string' },
    weights: { type: 'string' },
    spec: { type: 'string' },
    superpoint: { type: 'string' },
    superglue: { type: 'string' },
    registry: { type: 'boolean', default: false },
    random: { type: 'boolean', default: false },
    'longest-side': { type: 'string' },
  },
});

/** A matcher with an estimator, and what they found, by the names of pairs. */
type Results = Map<string, Map<string, PairEstimate>>;

function jsonLines<T>(file: string): T[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

function add(results: Results, name: string, pair: string, estimate: PairEstimate): void {
  const found = results.get(name) ?? new Map<string, PairEstimate>();
  results.set(name, found.set(pair, estimate));
}

/** What others matched, and others' estimators found. */
function readPeers(file: string, results: Results): void {
  for (const { name, pair, ...estimate } of jsonLines<
    PairEstimate & { readonly name: string; readonly pair: string }
  >(file)) {
    add(results, name, pair, estimate);
  }
}

/** What others matched, and our estimator finds. */
function estimatePoints(file: string, results: Results): void {
  for (const { name, pair, points } of jsonLines<{
    readonly name: string;
    readonly pair: string;
    readonly points: readonly number[][];
  }>(file)) {
    const matches = Float32Array.from(points.flat());
    const began = performance.now();
    const [homography, fundamental] = [findHomography, findFundamental].map((find) => {
      const { matrix, inliers } = find(matches);
      return { matrix: matrix && Array.from(matrix), inliers: inliers.length };
    }) as [PairEstimate['homography'], PairEstimate['fundamental']];
    const seconds = (performance.now() - began) / 1000;
    const estimate = { matches: points.length, homography, fundamental, seconds };
    add(results, `${name}; our estimator`, pair, estimate);
  }
}

/** @returns whether the figures mean anything */
async function matchOurs(pairs: readonly PairFiles[], results: Results): Promise<boolean> {
  const { weights, spec, superpoint, superglue, random, 'longest-side': side } = flags;
  if (![weights, superglue].some(Boolean) && !random && !flags.registry) return true;
  const longestSide = side === undefined ? undefined : Number(side);
  const choice = { weights, spec, superpoint, superglue, random };
  const matcher = await PairMatcher.open({ ...choice, longestSide });
  for (const [i, { name, files }] of pairs.entries()) {
    add(results, `${matcher.title}; our estimator`, name, await matcher.estimate(files));
    note(`${matcher.title}: ${name}, ${i + 1} of ${pairs.length} pairs`);
  }
  await matcher.dispose();
  return !random;
}

const share = (value: number) => value.toFixed(2);
const under = ({ under }: ErrorFigures) => under.map(share);

/** One row of either table. */
function rows(name: string, { homography, correspondences, scenes }: PairFigures): string[] {
  const { corners, common } = homography;
  return [
    tableRow([name, ...under(corners), ...corners.auc.map(share), ...under(common)]),
    tableRow([
      name,
      share(correspondences.agree),
      correspondences.half,
      `${scenes.leastSame} / ${scenes.medianSame}`,
      scenes.mostDifferent,
      scenes.above,
    ]),
  ];
}

function tables({ homography, correspondences, scenes }: PairFigures, lines: string[][]): string {
  const table = (head: readonly string[], which: 0 | 1) => [
    tableRow(head),
    tableRow(head.map(() => '---')),
    ...lines.flatMap((pair) => pair[which] ?? []),
  ];
  return [
    `${homography.pairs} pairs with a known homography. Corners: shares of pairs whose mean corner error is under 3, 5 and 10 pixels, and areas under that curve up to there (AUC). Common part: the same shares of the mean error over what both photos show.`,
    '',
    ...table(
      [
        'matcher; estimator',
        'corners under 3 px',
        '5 px',
        '10 px',
        'AUC 3',
        'AUC 5',
        'AUC 10',
        'common part under 3 px',
        '5 px',
        '10 px',
      ],
      0,
    ),
    '',
    `${correspondences.pairs} pairs with hand-made points: mean share of a pair’s points that the fundamental matrix agrees with to under 3 px (Sampson distance), and pairs where at least half do. ${scenes.same} pairs of one scene and ${scenes.different} of different ones: inliers of the model that has more.`,
    '',
    ...table(
      [
        'matcher; estimator',
        'points that agree',
        'pairs with half',
        'one scene: least / median inliers',
        'different scenes: most inliers',
        'one scene with more than that',
      ],
      1,
    ),
  ].join('\n');
}

const pairs = await readPairSet(positionals[0] ?? join(ROOT, '../shared/data/pairs'));
const results: Results = new Map();
if (existsSync(flags.peers)) readPeers(flags.peers, results);
else note(`There is no ${flags.peers}: run scripts/match-peers.py.`);
if (flags.points !== undefined) estimatePoints(flags.points, results);
const measured = await matchOurs(pairs, results);
const figures = new Map([...results].map(([name, found]) => [name, pairFigures(pairs, found)]));
const [first] = figures.values();
if (measured && first) {
  const all = rowsOf(readPart(DOCUMENT, PART));
  for (const [name, made] of figures) all.set(name, rows(name, made));
  const lines = [...all].filter(([name]) => !/^(matcher|---)/.test(name)).map(([, pair]) => pair);
  writePart(DOCUMENT, PART, tables(first, lines));
}
printJson(Object.fromEntries(figures));
