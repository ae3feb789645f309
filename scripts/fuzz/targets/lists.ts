// Lists that users bring: manifests, pairs of photos, facts on labels; and what runs keep in files of their own.

import { readFileSync } from 'node:fs';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix, win32 } from 'node:path';
import { crc32 } from 'node:zlib';
import { parseLabelFacts } from '../../../src/cli/collections.ts';
import { PairCache } from '../../../src/cli/pair-cache.ts';
import { parseNumbers, parsePairList } from '../../../src/cli/pair-set.ts';
import { RecordFile } from '../../../src/cli/record-file.ts';
import { parsePairs } from '../../../src/cli/training/pair-file.ts';
import { RunFolder } from '../../../src/cli/training/run-folder.ts';
import { parseManifest } from '../../../src/evaluation/manifest.ts';
import type { Bytes } from '../../../src/weights/sha256.ts';
import { concat, type Field, mutateBytes, setField } from '../mutate/bytes.ts';
import { mutateJson, mutateJsonBytes } from '../mutate/json.ts';
import { mutateTextBytes } from '../mutate/text.ts';
import { type Bomb, type FuzzTarget, json, must, text } from '../target.ts';

function staysInside(path: string): boolean {
  return [posix, win32].every((system) => {
    const folder = system === posix ? '/a/b' : 'C:\\a\\b';
    return system.resolve(folder, path).startsWith(folder + system.sep);
  });
}

/** A target over texts of lines. */
function linesTarget(
  name: string,
  reads: readonly string[],
  whole: readonly string[],
  between: string,
  read: (given: string) => unknown,
  bombs: readonly Bomb[] = [],
): FuzzTarget {
  return {
    name,
    reads,
    codes: ['usage'],
    async open() {
      const corpus = whole.map(text);
      return {
        corpus,
        mutate: (input, dice) => mutateTextBytes(input, dice, corpus, between),
        read: (input) => read(new TextDecoder().decode(input)),
        bombs,
      };
    },
  };
}

export const manifest = linesTarget(
  'manifest',
  ['src/evaluation/manifest.ts'],
  [
    'path,label,split,kind,source,licence\na/b.jpg,tower,train,landmark,x,CC0\n"c, d.jpg",,test,,,\n',
    'path,label\nx.jpg,a\ny.jpg,b\n',
    '\ufeffpath,label\r\nx.jpg,a\r\n',
  ],
  ',',
  (given) => {
    for (const { path, label, split } of parseManifest(given)) {
      must(staysInside(path), `a path that leaves its folder: ${JSON.stringify(path)}`);
      must(typeof label === 'string' && typeof split === 'string', 'a label that is no text');
    }
  },
  [
    {
      name: 'a quote that never ends',
      make: () => text(`path,label\n"${'a,b\n'.repeat(2_000_000)}`),
    },
    { name: 'a million columns', make: () => text(`path,label${',x'.repeat(1_000_000)}\na,b\n`) },
  ],
);

export const pairList = linesTarget(
  'pair-list',
  ['src/cli/pair-set.ts'],
  ['name,kind\nboat-1,homography\ncafe_2,correspondences\nx,same_scene\n'],
  ',',
  (given) => {
    for (const { name } of parsePairList(given, 'pairs.csv')) {
      must(staysInside(name), `a pair outside: ${JSON.stringify(name)}`);
    }
  },
);

export const numberRows = linesTarget(
  'number-rows',
  ['src/cli/pair-set.ts'],
  ['1 0 0\n0 1 0.5\n-1e-3 0 1\n'],
  ' ',
  (given) => {
    for (const row of parseNumbers(given, 'H.txt', 3)) {
      must(row.length === 3 && row.every(Number.isFinite), 'a row that is none');
    }
  },
);

export const pairLines: FuzzTarget = {
  name: 'pair-lines',
  reads: ['src/cli/training/pair-file.ts'],
  codes: ['usage'],
  async open() {
    const points = Array.from({ length: 9 }, (_, i) => [i, 2 * i, i + 1, 2 * i + 1]);
    const corpus = [
      json({ a: 'x.jpg', b: 'y.jpg', points }),
      json({ a: 'x.jpg', b: 'y.jpg', points, homography: [1, 0, 1, 0, 1, 1, 0, 0, 1] }),
    ];
    const files = new Map([
      ['x.jpg', '/x.jpg'],
      ['y.jpg', '/y.jpg'],
    ]);
    return {
      corpus,
      mutate: (input, dice) => mutateJsonBytes(input, dice, corpus),
      bombs: [
        {
          name: 'a name of a million levels',
          make: () => text(`{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`),
        },
      ],
      read(input) {
        const given = new TextDecoder().decode(input);
        for (const { known } of parsePairs(given, files, 'pairs.jsonl')) {
          must(known.points.length >= 8 && known.points.flat().every(Number.isFinite), 'points');
          must(known.homography?.every(Number.isFinite) ?? true, 'a homography');
        }
      },
    };
  },
};

const LABELS = join(import.meta.dirname, '../../../models/labels.json');

export const labelFacts: FuzzTarget = {
  name: 'label-facts',
  reads: ['src/cli/collections.ts'],
  codes: ['usage'],
  async open() {
    const all = JSON.parse(readFileSync(LABELS, 'utf8')) as unknown[];
    const corpus = [json(all.slice(0, 3)), json([])];
    return {
      corpus,
      mutate: (input, dice) => mutateJsonBytes(input, dice, corpus),
      read(input) {
        for (const [label, facts] of parseLabelFacts(new TextDecoder().decode(input))) {
          const { title, lat, country } = facts;
          must(typeof label === 'string' && label !== '', 'a label that is no text');
          must(typeof title.en === 'string' && typeof title.zh === 'string', 'no titles');
          must(lat === null || Math.abs(lat) <= 90, 'a latitude that is none');
          must(country === null || typeof country === 'string', 'a country that is none');
        }
      },
    };
  },
};

/** Lines of JSON that a killed process may have torn: whatever cannot be read is passed over. */
export const keptLines: FuzzTarget = {
  name: 'kept-lines',
  reads: ['src/cli/pair-cache.ts', 'src/cli/training/run-folder.ts'],
  codes: [],
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'cairn-fuzz-'));
    const lines = [
      { key: 'a'.repeat(64), value: [1, 2] },
      ...[1, 2, 3].map((step) => ({
        kind: 'step',
        step,
        epoch: 0,
        size: 8,
        learningRate: 1e-3,
        loss: 1 / step,
        parts: { embedding: 0.5 },
        gradientNorm: 1,
        imagesPerSecond: 2,
      })),
      { kind: 'validation', step: 2, epoch: 0, gap: 0.5, top1: 0.2 },
      { kind: 'validation', step: 3, epoch: 1, gap: 0.6, top1: 0.3 },
    ];
    const corpus = [text(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))];
    return {
      corpus,
      mutate(input, dice) {
        if (dice.chance(0.3)) return mutateBytes(input, dice, corpus);
        const given = new TextDecoder().decode(input).trim().split('\n');
        const at = dice.below(given.length);
        given[at] = mutateJson(given[at] ?? '{}', dice);
        return text(given.join('\n'));
      },
      async read(input) {
        await writeFile(join(folder, 'a.jsonl'), input);
        const cache = await PairCache.open(folder, 'a');
        must(cache.size <= new TextDecoder().decode(input).split('\n').length, 'more than lines');
        await writeFile(join(folder, 'log.jsonl'), input);
        const run = await RunFolder.open(folder, false);
        await run.keepLog(3);
        await run.drawCurves('a run');
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
};

const MARK = Buffer.from('\x89CAIRNr\n', 'latin1');

function record(key: string, payload: Bytes): Bytes {
  const head = new Uint8Array(12);
  head.set(MARK);
  setField(head, { at: 8, size: 4, little: true }, BigInt(payload.length));
  const checked = concat(head, new Uint8Array(Buffer.from(key, 'hex')), payload);
  const crc = new Uint8Array(4);
  setField(crc, { at: 0, size: 4, little: true }, BigInt(crc32(checked)));
  return concat(checked, crc);
}

async function writeAt(file: string, at: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(bytes, 0, bytes.length, at);
  await handle.close();
}

const KEYS = ['1', '2', '3'].map((digit) => digit.repeat(64));

/** The file as it is found, cut while it is open, and written to again. */
export const recordFile: FuzzTarget = {
  name: 'record-file',
  reads: ['src/cli/record-file.ts', 'src/cli/vector-cache.ts'],
  codes: [],
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'cairn-fuzz-'));
    const file = join(folder, 'a.records');
    const records = KEYS.map((key, i) => record(key, new Uint8Array(20 * i).fill(i)));
    const corpus = [concat(...records), concat(records[2]!, records[0]!), new Uint8Array()]; // three
    const fields: Field[] = [8, 56, 64, 132].map((at) => ({ at, size: 4, little: true }));
    return {
      corpus,
      mutate: (input, dice) => mutateBytes(input, dice, corpus, fields),
      async read(input) {
        await writeFile(file, input);
        const opened = await RecordFile.open(file);
        try {
          for (const key of KEYS) await opened.get(key);
          // A length that asks for four gigabytes, where a record was found.
          await writeAt(file, 8, Uint8Array.of(0xff, 0xff, 0xff, 0xff));
          for (const key of KEYS) await opened.get(key);
          await truncate(file, Math.floor(input.length / 2));
          for (const key of KEYS) await opened.get(key);
          const fresh = '4'.repeat(64);
          await opened.put(fresh, Uint8Array.of(4, 5));
          const found = await opened.get(fresh);
          must(
            found?.equals(Uint8Array.of(4, 5)) ?? false,
            'a record that was put and is not found',
          );
        } finally {
          await opened.close();
        }
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
};
