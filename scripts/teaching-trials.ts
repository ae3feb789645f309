// How well a few photos teach a landmark, and what tuning the head adds: on the default collection's stored
// embeddings, some of whose landmarks are taken out and taught anew. Writes the tables in docs/teaching.md.
//
// Usage: npx tsx scripts/teaching-trials.ts
import { openCollection } from '../src/cli/collections.ts';
import { startHarness } from '../src/cli/harness/index.ts';
import { openModel } from '../src/cli/models.ts';
import { ExactGallery } from '../src/evaluation/exact-gallery.ts';
import { groupBy } from '../src/evaluation/group.ts';
import { decide } from '../src/rerank/decision.ts';
import { decisionFeatures } from '../src/rerank/features.ts';
import { NonLandmarkBank } from '../src/rerank/non-landmark-bank.ts';
import { RERANK } from '../src/rerank/presets.ts';
import { rerank } from '../src/rerank/rerank.ts';
import type { CollectionSearch } from '../src/retrieval/search.ts';
import { rowVector } from '../src/retrieval/shard.ts';
import { type Adapter, adapt } from '../src/training/adapter/adapter.ts';
import { AdapterTrainer } from '../src/training/adapter/adapter-trainer.ts';
import { TUNING, type TuningSettings } from '../src/training/adapter/presets.ts';
import { splitRows } from '../src/training/adapter/tuning-data.ts';
import { tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/teaching.md';
const TAUGHT_PHOTOS = [1, 2, 4, 8];

/** Landmarks that are taught anew in a draw: every 14th of those with many photos, from the one of this place. */
const DRAWS = [3, 9];
const EVERY = 14;
const MANY = 9;
const TAUGHT_WITH = 4;
/** Of the others, every so many-th photo asks instead of being stored. */
const ASKS = 8;

const SETTINGS: readonly { readonly name: string; readonly change: Partial<TuningSettings> }[] = [
  {
    name: 'CurricularFace, s = 30, stay 10',
    change: { loss: 'curricularface', scale: 30, stay: 10 },
  },
  { name: 'softmax, s = 30, stay 10', change: { scale: 30, stay: 10 } },
  { name: 'softmax, s = 12, stay 3', change: { scale: 12, stay: 3 } },
  { name: 'CosFace, s = 12, stay 3', change: { loss: 'cosface', scale: 12, stay: 3 } },
  { name: '**softmax, s = 8, stay 1**', change: {} },
];

interface Photo {
  readonly label: number;
  readonly vector: Float32Array;
}

const { reranker } = await openModel();
const { collection, shards } = await openCollection();
const photos: Photo[] = shards.flatMap((shard) =>
  Array.from({ length: shard.rows }, (_, row) => {
    const vector = new Float32Array(shard.dim);
    rowVector(shard, row, vector);
    return { label: shard.labels[row]!, vector };
  }),
);
const byLabel = groupBy([...photos.keys()], (row) => photos[row]!.label);
const neighbours = RERANK.penalty.referenceNeighbours;

class Tally {
  asked = 0;
  right = 0;
  named = 0;
  wrong = 0;

  add(ok: boolean, named: boolean): void {
    this.asked += 1;
    if (ok) this.right += 1;
    if (named && ok) this.named += 1;
    if (named && !ok) this.wrong += 1;
  }

  share(count: 'right' | 'named' | 'wrong', digits = 2): string {
    return (this[count] / this.asked).toFixed(digits);
  }
}

async function ask(query: Float32Array, search: CollectionSearch, bank: NonLandmarkBank) {
  const trace = await rerank(query, search, bank, RERANK);
  const { kind } = decide(decisionFeatures(trace, RERANK), reranker.decision);
  return { label: trace.penalised[0]?.label, named: kind === 'landmark' };
}

/** The same gallery as if it lacked some rows. */
function without(search: CollectionSearch, gone: ReadonlySet<number>): CollectionSearch {
  return {
    dim: search.dim,
    rows: search.rows - gone.size,
    async search(query, options) {
      const vectors = (options.vectors ?? 0) + gone.size;
      const found = await search.search(query, { ...options, k: options.k + gone.size, vectors });
      const kept = [...found.neighbours.entries()].filter(([, { row }]) => !gone.has(row));
      const best = kept.slice(0, options.k);
      const given = best.slice(0, options.vectors ?? 0);
      const rows = new Float32Array(given.length * search.dim);
      for (const [n, [at]] of given.entries()) {
        rows.set(found.vectors.subarray(at * search.dim, (at + 1) * search.dim), n * search.dim);
      }
      return { ...found, neighbours: best.map(([, neighbour]) => neighbour), vectors: rows };
    },
  };
}

async function taughtWith(count: number, gallery: CollectionSearch): Promise<Tally> {
  const tally = new Tally();
  for (const [label, rows] of byLabel) {
    if (rows.length <= count) continue;
    const [query, ...others] = rows;
    const gone = new Set([query!, ...others.slice(count)]);
    const said = await ask(photos[query!]!.vector, without(gallery, gone), reranker.bank);
    tally.add(said.label === label, said.named);
  }
  return tally;
}

interface Draw {
  readonly stored: readonly (Photo & { readonly taught: boolean })[];
  readonly asked: readonly (Photo & { readonly taught: boolean })[];
}

function draw(first: number): Draw {
  const many = [...byLabel].filter(([, rows]) => rows.length >= MANY).map(([label]) => label);
  const anew = new Set(many.filter((_, i) => i % EVERY === first));
  const stored: Draw['stored'][number][] = [];
  const asked: Draw['asked'][number][] = [];
  for (const [label, rows] of byLabel) {
    const taught = anew.has(label);
    for (const [place, row] of rows.entries()) {
      const asks = taught
        ? place >= TAUGHT_WITH
        : rows.length >= TAUGHT_WITH && place % ASKS === TAUGHT_WITH - 1;
      (asks ? asked : stored).push({ ...photos[row]!, taught });
    }
  }
  return { stored, asked };
}

/** One row: of taught landmarks, of the others, and of photos without one. */
async function judged({ stored, asked }: Draw, adapter: Adapter | null): Promise<string[]> {
  const seen = (vector: Float32Array) => (adapter ? adapt(adapter, vector) : vector);
  const { dim } = reranker.bank;
  const bank = new NonLandmarkBank(seen(reranker.bank.rows), dim);
  const rows = stored.map(({ label, vector }) => ({ label, vector: seen(vector) }));
  const gallery = new ExactGallery(rows, bank, neighbours);
  const [taught, known] = [new Tally(), new Tally()];
  for (const photo of asked) {
    const said = await ask(seen(photo.vector), gallery, bank);
    (photo.taught ? taught : known).add(said.label === photo.label, said.named);
  }
  // Photos of the bank's second half against its first half as the bank.
  const half = Math.floor(bank.rows.length / dim / 2);
  const first = new NonLandmarkBank(bank.rows.slice(0, half * dim), dim);
  const others = new Tally();
  for (let row = half; row < bank.rows.length / dim; row++) {
    const said = await ask(bank.rows.slice(row * dim, (row + 1) * dim), gallery, first);
    others.add(false, said.named);
  }
  return [
    ...(['right', 'named', 'wrong'] as const).map((count) => taught.share(count, 3)),
    ...(['right', 'named'] as const).map((count) => known.share(count, 3)),
    others.share('wrong', 3),
  ];
}

async function tuned({ stored }: Draw, change: Partial<TuningSettings>) {
  const settings = { ...TUNING, ...change };
  const rows = stored.map(({ label, vector, taught }) => ({
    embedding: vector,
    label: collection.labels[label]!.label,
    taught,
  }));
  const trainer = new AdapterTrainer(splitRows(rows, reranker.bank.rows, settings), settings);
  const began = performance.now();
  // As the page does it: validated on the way, though here the last head counts.
  await trainer.validate();
  while (trainer.step < settings.steps) {
    await trainer.advance();
    if (trainer.step % settings.validateEvery === 0) await trainer.validate();
  }
  const seconds = (performance.now() - began) / 1000;
  const adapter = await trainer.adapter();
  trainer.dispose();
  return { adapter, seconds };
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(tableRow).join('\n');
}

const harness = await startHarness();
console.log(harness.why);

const gallery = new ExactGallery(photos, reranker.bank, neighbours);
const byPhotos: (string | number)[][] = [];
for (const count of TAUGHT_PHOTOS) {
  const tally = await taughtWith(count, gallery);
  const shares = (['right', 'named', 'wrong'] as const).map((which) => tally.share(which));
  byPhotos.push([count, tally.asked, ...shares]);
  console.log(...byPhotos.at(-1)!);
}
writePart(
  DOCUMENT,
  'taught-by-photos',
  table(['photos taught', 'landmarks', 'best label right', 'named', 'named wrongly'], byPhotos),
);

const trials: (string | number)[][] = [];
let slowest = 0;
for (const [i, first] of DRAWS.entries()) {
  const drawn = draw(first);
  const count = (taught: boolean) => drawn.asked.filter((photo) => photo.taught === taught).length;
  console.log(`draw ${i + 1}: ${count(true)} and ${count(false)} photos ask`);
  const of = `${i + 1} (${count(true)}, ${count(false)})`;
  trials.push([of, 'untuned', ...(await judged(drawn, null))]);
  for (const { name, change } of SETTINGS) {
    const { adapter, seconds } = await tuned(drawn, change);
    slowest = Math.max(slowest, seconds);
    trials.push([of, name, ...(await judged(drawn, adapter))]);
    console.log(...trials.at(-1)!, `${seconds.toFixed(0)} s`);
  }
}
const head = ['draw (photos asked)', 'loss', 'taught: right', 'named', 'named wrongly'];
writePart(
  DOCUMENT,
  'tuning-trials',
  [
    table([...head, 'known: right', 'named', 'others named'], trials),
    `${TUNING.steps} steps with their validations, ${photos.length} photos: at most ${slowest.toFixed(0)} seconds in Node, on ${harness.backend === 'wasm' ? 'one thread of WASM' : harness.backend}.`,
  ].join('\n\n'),
);
await harness.dispose();
process.exit(0);
