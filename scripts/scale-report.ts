// Table and picture of docs/scale.md out of what the benchmarks printed.
//
//   for n in 1000 10000 100000 1000000; do
//     npm run --silent cairn -- bench index --n $n --dim 512 --json > index-$n.json
//     npx tsx scripts/tab-scale.ts --n $n > tab-$n.json        # --graphs up to 100 000
//   done
//   npx tsx scripts/scale-report.ts index-*.json tab-*.json
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { benchIndex } from '../bench/index.ts';
import { usage } from '../src/cli/output.ts';
import { scaleCharts } from '../src/evaluation/scale-charts.ts';
import { ROOT, tableRow, writePart } from './document.ts';

type Index = Awaited<ReturnType<typeof benchIndex>>;
/** What scripts/tab-scale.ts prints, as far as it is reported. */
interface Tab {
  readonly bench: 'tab-scale';
  readonly rows: number;
  readonly downloadAndOpenMs: number;
  readonly openAgainMs: number;
  readonly search: { readonly median: number; readonly p95: number };
  readonly engine: string;
  readonly memory: { readonly steady: { readonly now: number; readonly most: number } };
}

const DOCUMENT = 'docs/scale.md';
const PICTURE = 'docs/scale.svg';
const MB = 1e6;

const files = process.argv.slice(2);
if (files.length === 0) throw usage('No figures were given.', 'See the head of this script.');
const all = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Index | Tab);
const byRows = (a: { rows: number }, b: { rows: number }) => a.rows - b.rows;
const indexes = all.filter((one): one is Index => one.bench === 'index').sort(byRows);
const tabs = all.filter((one): one is Tab => one.bench === 'tab-scale').sort(byRows);

const figure = (value: number) =>
  value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2);
const rowsIn = (rows: number) => rows.toLocaleString('en').replaceAll(',', ' ');

const inNode = indexes.map(
  ({
    rows,
    buildSeconds,
    openMs,
    restoreMs,
    fileBytes,
    graphBytes,
    engines,
    median,
    recallAtK,
  }) => {
    const { hnsw, exactInt8 } = engines;
    return tableRow([
      rowsIn(rows),
      figure(fileBytes / MB),
      figure(openMs / 1000),
      figure(exactInt8.median),
      exactInt8.recallAtK.toFixed(4),
      ...(hnsw
        ? [
            figure(buildSeconds),
            figure(graphBytes / MB),
            figure(restoreMs / 1000),
            figure(hnsw.median),
            hnsw.recallAtK.toFixed(4),
            figure(hnsw.bytes / MB),
          ]
        : ['–', '–', '–', '–', '–', '–']),
      figure(median),
      recallAtK.toFixed(4),
    ]);
  },
);
const inTab = tabs.map(({ rows, downloadAndOpenMs, openAgainMs, search, engine, memory }) =>
  tableRow([
    rowsIn(rows),
    engine,
    figure(downloadAndOpenMs / 1000),
    figure(openAgainMs / 1000),
    figure(search.median),
    figure(search.p95),
    figure(memory.steady.now / MB),
    figure(memory.steady.most / MB),
  ]),
);
writePart(
  DOCUMENT,
  'scale',
  [
    'Index, in Node, one thread:',
    '',
    '| rows | shards, MB | opening, s | exact int8, ms | recall@10 | graphs: building, s | links, MB | back from the store, s | HNSW, ms | recall@10 | memory, MB | the product, ms | recall@10 |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...inNode,
    '',
    'In a tab of Chromium, through its index worker:',
    '',
    '| rows | answered by | first visit: download and open, s | next visit: open, s | search, median ms | p95 ms | memory of the page, MB | at most |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...inTab,
    '',
    `![Three panels by the number of rows, both axes by factors: milliseconds a search, seconds to open, megabytes of the page](${PICTURE.replace('docs/', '')})`,
  ].join('\n'),
);
const points = <T extends { rows: number }>(list: readonly T[], value: (one: T) => number | null) =>
  list.flatMap((one) => {
    const found = value(one);
    return found === null ? [] : [{ rows: one.rows, value: found }];
  });
writeFileSync(
  join(ROOT, PICTURE),
  scaleCharts(
    [
      {
        title: 'A search',
        unit: 'ms',
        lines: [
          {
            name: 'exact int8',
            points: points(indexes, ({ engines }) => engines.exactInt8.median),
          },
          { name: 'HNSW', points: points(indexes, ({ engines }) => engines.hnsw?.median ?? null) },
          { name: 'in a tab', points: points(tabs, ({ search }) => search.median) },
        ],
      },
      {
        title: 'Opening',
        unit: 's',
        lines: [
          { name: 'first visit', points: points(tabs, (one) => one.downloadAndOpenMs / 1000) },
          { name: 'next visit', points: points(tabs, (one) => one.openAgainMs / 1000) },
        ],
      },
      {
        title: 'Memory of the page',
        unit: 'MB',
        lines: [{ name: 'at rest', points: points(tabs, (one) => one.memory.steady.now / MB) }],
      },
    ],
    'What a collection costs by its number of rows',
  ),
);
