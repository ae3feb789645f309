// The tables of docs/benchmarks.md from what bench/peers/main.ts measured.
import { existsSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { tableRow, writePart } from '../../scripts/document.ts';
import type { EncodePart, EncodeRow } from './encode.ts';
import { VERSIONS_FILE } from './export.ts';
import { ownVersionOf, versionOf } from './install.ts';
import type { PlainAccuracy } from './plain-embedder.ts';
import type { RansacPart } from './ransac.ts';
import type { SearchPart } from './search.ts';
import type { TreesPart } from './trees.ts';
import type { WholePart } from './whole.ts';

const DOCUMENT = 'docs/benchmarks.md';
const PEERS = ['@techstark/opencv-js', 'edgevec', 'nsfwjs', 'usearch', 'voy-search'] as const;
const OWN = ['onnxruntime-web', 'hnswlib-wasm'] as const;

export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Of the Python that exported the graphs; null where none has. */
  readonly python: Readonly<Record<string, string>> | null;
}

export function machineFacts(): MachineFacts {
  const names = (list: readonly string[], of: (name: string) => string) =>
    Object.fromEntries(list.map((name) => [name, of(name)]));
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    packages: { ...names(OWN, ownVersionOf), ...names(PEERS, (name) => versionOf(name)) },
    python: existsSync(VERSIONS_FILE) ? JSON.parse(readFileSync(VERSIONS_FILE, 'utf8')) : null,
  };
}

/** @param report by part, in the order of its sizes; parts that were not measured keep their tables */
export function writeReport(
  machine: MachineFacts,
  report: Readonly<Record<string, readonly unknown[]>>,
): void {
  const write = <P>(name: string, table: (parts: readonly P[]) => string) => {
    if (report[name]) writePart(DOCUMENT, `peers-${name}`, table(report[name] as readonly P[]));
  };
  writePart(DOCUMENT, 'peers-machine', machineInWords(machine));
  write<EncodePart>('encode', encodeTable);
  write<SearchPart>('search', searchTable);
  write<RansacPart>('ransac', ([part]) => ransacTable(part!));
  write<TreesPart>('trees', ([part]) => treesTable(part!));
  write<WholePart>('whole', wholeTable);
  write<PlainAccuracy>('accuracy', ([part]) => accuracyInWords(part!));
}

function machineInWords({ processor, cores, memoryGb, node, packages, python }: MachineFacts) {
  const versions = { ...packages, ...(python ?? {}) };
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${processor}, ${cores} cores, ${memoryGb} GB; Node ${node}; ${list.join(', ')}.`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [tableRow(head), tableRow(head.map(() => '---')), ...rows.map(tableRow)].join('\n');
}

/** Three digits that mean something, never a power of ten. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}

function notes(skipped: readonly string[]): string {
  const each = [...new Set(skipped)];
  return each.length > 0 ? `\n\n${each.map((one) => `- ${one}.`).join('\n')}` : '';
}

function encodeTable(parts: readonly EncodePart[]): string {
  const key = ({ name, by }: EncodeRow) => `${name} ${by}`;
  const rows = parts[0]!.rows.map((row) => {
    const each = parts.map(({ rows: all }) => all.find((other) => key(other) === key(row)));
    const times = each.flatMap((of) => [figure(of?.median), figure(of?.p95), figure(of?.cpu)]);
    const apart = row.difference === undefined ? '–' : row.difference.toExponential(0);
    return [row.name, row.by, row.input, ...times, apart];
  });
  const threads = parts.flatMap(({ threads: count }) =>
    ['median ms', 'p95', 'processor ms'].map((what) => `${what}, ${inThreads(count)}`),
  );
  const head = ['network', 'graph', 'input', ...threads, 'features differ by'];
  return table(head, rows) + notes(parts.flatMap(({ skipped }) => skipped));
}

function inThreads(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}

/** Thousands apart. */
function spaced(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}

function searchTable(parts: readonly SearchPart[]): string {
  const rows = parts.flatMap(({ rows: size, ways }) =>
    ways.map((way) => [
      spaced(size),
      way.name,
      way.runsAs,
      figure(way.buildSeconds),
      figure(way.median),
      figure(way.p95),
      figure(way.cpu),
      way.recall.toFixed(3),
    ]),
  );
  const head = [
    'rows',
    'index',
    'runs as',
    'build, processor s',
    'median ms',
    'p95',
    'processor ms',
    'recall@10',
  ];
  return table(head, rows) + notes(parts.flatMap(({ skipped }) => skipped));
}

function ransacTable({ homography, fundamental, builds, trials }: RansacPart): string {
  const rows = (what: string, by: RansacPart['homography']) =>
    Object.entries(by).map(([name, found]) => [
      what,
      name === 'ours' ? 'Cairn' : name,
      `${found.right} of ${trials}`,
      figure(found.median),
      figure(found.p95),
      figure(found.cpuMedian),
      figure(found.medianErrorPx),
      figure(found.p95ErrorPx),
    ]);
  const head = [
    'model',
    'by',
    'right',
    'median ms',
    'p95',
    'processor ms',
    'median error, px',
    'p95 error',
  ];
  const without = builds.filter(({ hasFundamental }) => !hasFundamental);
  const skipped = without.map(({ name }) => `${name} has no findFundamentalMat`);
  return (
    table(head, [...rows('homography', homography), ...rows('fundamental matrix', fundamental)]) +
    notes(skipped)
  );
}

function treesTable({ ways, skipped, trees, leaves }: TreesPart): string {
  const rows = ways.map((way) => [
    way.name,
    figure(way.median),
    figure(way.p95),
    figure(way.cpu),
    way.maxDifference === 0 ? '0' : way.maxDifference.toExponential(1),
    `${(100 * way.rowsApart).toFixed(1)} %`,
  ]);
  const head = [
    `${trees} trees of ${leaves} leaves`,
    'median µs a row',
    'p95',
    'processor µs',
    'largest difference of a raw score',
    'rows that differ',
  ];
  return table(head, rows) + notes(skipped);
}

function wholeTable(parts: readonly WholePart[]): string {
  const rows = parts.flatMap(({ backend, ways, landmarks }) =>
    ways.map((way) => [
      way.name,
      backend,
      way.rows,
      figure(way.median),
      figure(way.p95),
      figure(way.cpu),
      way.right === null ? '–' : `${way.right} of ${landmarks}`,
    ]),
  );
  const [{ photos, what }] = parts as [WholePart];
  const head = [
    `${photos} ${what}`,
    'networks on',
    'rows',
    'median ms',
    'p95',
    'processor ms',
    'first label right',
  ];
  return table(head, rows);
}

function accuracyInWords({ queries, landmarks, gap, top1 }: PlainAccuracy): string {
  return `The plain way over all ${queries} photos of the split "query", ${landmarks} of landmarks in the collection, ranked by cosine: GAP ${gap.toFixed(3)}, top-1 ${top1.toFixed(3)}.`;
}
