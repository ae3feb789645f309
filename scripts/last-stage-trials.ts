// What tuning head and last stage adds to teaching by photos, on landmarks that no training has seen: each is
// taught with a few photos, others of it are asked for, beside photos of known landmarks and of none. Writes
// the table in docs/teaching.md.
//
// Usage: npx tsx scripts/last-stage-trials.ts MANIFEST.csv
import { readFile } from 'node:fs/promises';
import { bytesToHex } from '@noble/hashes/utils.js';
import { openCollection } from '../src/cli/collections.ts';
import { readSplit } from '../src/cli/describe-photos.ts';
import { embeddingsOf, encodePhotos } from '../src/cli/encode-photos.ts';
import { startHarness } from '../src/cli/harness/index.ts';
import { modelsFolder, openModel } from '../src/cli/models.ts';
import { type ListedPhoto, readManifests } from '../src/cli/photo-list.ts';
import { ExactGallery } from '../src/evaluation/exact-gallery.ts';
import { groupBy } from '../src/evaluation/group.ts';
import { roleOf } from '../src/evaluation/protocol.ts';
import { decodePhoto } from '../src/imaging/decode-node.ts';
import { drawScene } from '../src/imaging/drawn.ts';
import { GOLDEN_SCENE } from '../src/inference/golden.ts';
import { nodeRuntime } from '../src/inference/node-runtime.ts';
import { openTunedEncoder } from '../src/inference/tuned-encoder.ts';
import { decide } from '../src/rerank/decision.ts';
import { decisionFeatures } from '../src/rerank/features.ts';
import { RERANK } from '../src/rerank/presets.ts';
import { rerank } from '../src/rerank/rerank.ts';
import { rowVector, SOURCE_BYTES } from '../src/retrieval/shard.ts';
import { bankLevel, mergeTraces } from '../src/retrieval/tuned-space.ts';
import { splitRows, type TuningRow } from '../src/training/adapter/tuning-data.ts';
import { lastStagePaths } from '../src/training/trainer/trained-paths.ts';
import { LAST_STAGE, type LastStageSettings } from '../src/training/tuning/last-stage-presets.ts';
import { type LastStageData, LastStageTrainer } from '../src/training/tuning/last-stage-trainer.ts';
import { type PhotoViews, plainView, viewsOf } from '../src/training/tuning/photo-views.ts';
import { LowerPart } from '../src/training/tuning/still-part.ts';
import { encodeTunedNetwork } from '../src/training/tuning/tuned-network.ts';
import { findEncoder, parseRegistry } from '../src/weights/load-registry.ts';
import { folderSource } from '../src/weights/node-source.ts';
import { readSafetensors } from '../src/weights/safetensors.ts';
import { sha256Hex } from '../src/weights/sha256.ts';
import { tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/teaching.md';
const LANDMARKS = 6;
const TAUGHT_WITH = 4;
/** Photos that ask, at most: of each taught landmark, of known landmarks, and of none. */
const ASKS = { taught: 8, known: 40, none: 40 };

const SETTINGS: readonly { readonly name: string; readonly change: Partial<LastStageSettings> }[] =
  [{ name: '**as shipped**', change: {} }];

interface Seen {
  readonly label: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly vector: Float32Array;
  readonly what: 'taught' | 'known' | 'none';
}

const [manifest] = process.argv.slice(2);
if (!manifest) throw new Error('Give the manifest of the photos.');
const harness = await startHarness();
console.log(harness.why);
const source = folderSource(modelsFolder());
const entry = findEncoder(parseRegistry(await source.registry()));
const model = await openModel(entry.id);
const { reranker } = model;
const weights = readSafetensors(await source.file(entry.weights));
const cut = { spec: entry, weights, above: lastStagePaths(entry.arch, entry.spec) };
const neighbours = RERANK.penalty.referenceNeighbours;
const { dim } = reranker.bank;

const photos = await readManifests([manifest]);
const split = await readSplit();
const unseen = new Set([...Object.keys(split.newLandmarks), ...split.unlistedLandmarks]);
const byLabel = [
  ...groupBy(
    photos.filter(({ label }) => unseen.has(label)),
    ({ label }) => label,
  ),
];
const taughtLabels = byLabel
  .sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
  .slice(0, LANDMARKS);

async function look(some: readonly ListedPhoto[], what: Seen['what']): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const encoded of encodePhotos(some, embeddingsOf(model))) {
    if ('problem' in encoded) throw new Error(`${encoded.photo.path}: ${encoded.problem}`);
    const { photo, vector } = encoded;
    const bytes = new Uint8Array(await readFile(photo.file));
    seen.push({ label: photo.label, bytes, vector, what });
  }
  return seen;
}

/** Every so many-th, so that all sources have their share. */
const spread = <T>(all: readonly T[], most: number) =>
  all.filter((_, i) => i % Math.max(1, Math.floor(all.length / most)) === 0).slice(0, most);

const withRole = (role: string) => photos.filter((photo) => roleOf(photo, split) === role);
const own = (from: number, to: number) => taughtLabels.flatMap(([, all]) => all.slice(from, to));
const taught = await look(own(0, TAUGHT_WITH), 'taught');
const asked = [
  ...(await look(own(TAUGHT_WITH, TAUGHT_WITH + ASKS.taught), 'taught')),
  ...(await look(spread(withRole('known'), ASKS.known), 'known')),
  ...(await look(spread(withRole('negative-validation'), ASKS.none), 'none')),
];
console.log(
  `${taught.length} photos of ${taughtLabels.length} landmarks taught, ${asked.length} ask`,
);

// The default collection, without landmarks of the protocol and without the photos that ask.
const gone = new Set(
  await Promise.all(
    asked.map(async ({ bytes }) => (await sha256Hex(bytes)).slice(0, SOURCE_BYTES * 2)),
  ),
);
const { collection, shards } = await openCollection();
const known = shards
  .flatMap((shard) =>
    Array.from({ length: shard.rows }, (_, row) => {
      const vector = new Float32Array(dim);
      rowVector(shard, row, vector);
      const id = shard.sources?.subarray(row * SOURCE_BYTES, (row + 1) * SOURCE_BYTES);
      const { label } = collection.labels[shard.labels[row]!]!;
      return { label, vector, id: bytesToHex(id ?? Uint8Array.of()) };
    }),
  )
  .filter(({ label, id }) => !unseen.has(label) && !gone.has(id));
const labels = [...new Set([...known, ...taught].map(({ label }) => label))];
const at = new Map(labels.map((label, i) => [label, i]));
const galleryOf = (rows: readonly { label: string; vector: Float32Array }[]) =>
  new ExactGallery(
    rows.map(({ label, vector }) => ({ label: at.get(label)!, vector })),
    reranker.bank,
    neighbours,
  );

type Embed = (photo: Seen) => Promise<Float32Array>;

/** One row: of taught landmarks, of known ones, and of photos of none. */
async function judged(tuned: Embed | null): Promise<string[]> {
  const original = galleryOf(tuned ? known : [...known, ...taught]);
  const own: { label: string; vector: Float32Array }[] = [];
  for (const photo of tuned ? taught : []) {
    own.push({ label: photo.label, vector: await tuned!(photo) });
  }
  const second = galleryOf(own);
  const counts = { taught: [0, 0, 0, 0], known: [0, 0, 0, 0], none: [0, 0, 0, 0] };
  for (const photo of asked) {
    let trace = await rerank(photo.vector, original, reranker.bank, RERANK);
    if (tuned) {
      const query = await tuned(photo);
      const levels = {
        original: bankLevel(photo.vector, reranker.bank.rows),
        tuned: bankLevel(query, reranker.bank.rows),
      };
      const other = await rerank(query, second, reranker.bank, RERANK);
      const places = labels.map((_, place) => place);
      const rowsBefore = original.rows;
      trace = mergeTraces(trace, { trace: other, levels, places, rowsBefore }, RERANK);
    }
    const right = labels[trace.penalised[0]?.label ?? -1] === photo.label;
    const named = decide(decisionFeatures(trace, RERANK), reranker.decision).kind === 'landmark';
    const count = counts[photo.what];
    count[0]! += 1;
    if (right) count[1]! += 1;
    if (right && named) count[2]! += 1;
    if (!right && named) count[3]! += 1;
  }
  const share = ([of, ...each]: number[], which: number) => (each[which]! / of!).toFixed(3);
  return [
    ...[0, 1, 2].map((which) => share(counts.taught, which)),
    ...[0, 1].map((which) => share(counts.known, which)),
    share(counts.none, 2),
  ];
}

async function material(): Promise<{ data: LastStageData; seconds: number }> {
  const began = performance.now();
  const rows: TuningRow[] = [
    ...known.map(({ label, vector }) => ({ embedding: vector, label, taught: false })),
    ...taught.map(({ label, vector }) => ({ embedding: vector, label, taught: true })),
  ];
  const lower = new LowerPart(cut);
  const views = new Map<number, PhotoViews>();
  for (const [i, { bytes }] of taught.entries()) {
    const row = known.length + i;
    const { crops, seed } = LAST_STAGE;
    const options = { crops, seed: seed + row };
    views.set(row, await viewsOf(await decodePhoto(bytes), lower, entry.input, options));
  }
  const { seed, view } = GOLDEN_SCENE;
  const golden = await plainView(drawScene(seed, view), lower, entry.input);
  lower.dispose();
  const own = splitRows(rows, reranker.bank.rows, { heldOutKnown: 0, seed: LAST_STAGE.seed });
  const data = { encoder: cut, own, searched: own, photos: views, golden };
  return { data, seconds: (performance.now() - began) / 1000 };
}

/** As the page does it: the state in which held-out photos did best, on onnxruntime. */
async function tuned(data: LastStageData, change: Partial<LastStageSettings>) {
  const settings = { ...LAST_STAGE, ...change };
  const trainer = new LastStageTrainer(data, settings);
  const began = performance.now();
  let least = (await trainer.validate()).loss ?? Number.POSITIVE_INFINITY;
  let best = { step: 0, ...(await trainer.result()) };
  while (trainer.step < settings.steps) {
    await trainer.advance();
    if (trainer.step % settings.validateEvery !== 0) continue;
    const { loss } = await trainer.validate();
    if (loss === null || loss >= least) continue;
    least = loss;
    best = { step: trainer.step, ...(await trainer.result()) };
  }
  const seconds = (performance.now() - began) / 1000;
  trainer.dispose();
  const maker = { id: entry.id, weightsSha256: entry.weights.sha256 };
  const bytes = encodeTunedNetwork({ ...best, maker });
  const network = openTunedEncoder({ entry, bytes }, source, {
    runtime: nodeRuntime(),
    decode: decodePhoto,
  });
  const row = await judged(async (photo) => (await network.encode(photo.bytes)).embedding);
  await network.dispose();
  return { row, step: best.step, seconds, bytes: bytes.length };
}

const table: (string | number)[][] = [];
table.push(['untuned', '–', ...(await judged(null))]);
console.log(...table.at(-1)!);
const { data, seconds: looked } = await material();
let [slowest, size] = [0, 0];
for (const { name, change } of SETTINGS) {
  const { row, step, seconds, bytes } = await tuned(data, change);
  slowest = Math.max(slowest, seconds);
  size = bytes;
  table.push([name, step, ...row]);
  console.log(...table.at(-1)!, `${seconds.toFixed(0)} s`);
}
const count = (what: Seen['what']) => asked.filter((photo) => photo.what === what).length;
const head = [
  'setting',
  'step',
  'taught: right',
  'named',
  'named wrongly',
  'known: right',
  'named',
];
writePart(
  DOCUMENT,
  'last-stage-trials',
  [
    [[...head, 'others named'], [...head, ''].map(() => '---'), ...table].map(tableRow).join('\n'),
    `${taughtLabels.length} landmarks with ${TAUGHT_WITH} photos each; ${count('taught')}, ${count('known')} and ${count('none')} photos ask. In Node, on ${harness.backend === 'wasm' ? 'one thread of WASM' : harness.backend}: ${looked.toFixed(0)} s for looking at the photos, ${slowest.toFixed(0)} s for ${LAST_STAGE.steps} steps with their validations. The file has ${(size / 1e6).toFixed(1)} MB.`,
  ].join('\n\n'),
);
await harness.dispose();
process.exit(0);
