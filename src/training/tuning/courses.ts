// What can be tuned, each as a course of steps over the same trainer: a head, or head and last stage.
import { CairnError, throwIfAborted } from '../../errors.ts';
import type { DecodePhoto } from '../../imaging/decode.ts';
import { drawScene } from '../../imaging/drawn.ts';
import { GOLDEN_SCENE } from '../../inference/golden.ts';
import type { LongWork } from '../../progress.ts';
import { assertEncoder, type EncoderIdentity } from '../../retrieval/collection.ts';
import { openInstalled } from '../../retrieval/install.ts';
import type { LoadedCollection } from '../../retrieval/loaded.ts';
import { liveRows } from '../../retrieval/shard.ts';
import type { CairnStore } from '../../retrieval/store.ts';
import { sourceId, storedRows } from '../../retrieval/stored-rows.ts';
import { type Slice, sliceRows } from '../../retrieval/tuned-space.ts';
import type { EncoderEntry } from '../../weights/registry.ts';
import { readSafetensors } from '../../weights/safetensors.ts';
import { webSource } from '../../weights/web-source.ts';
import { adapt, decodeAdapter, encodeAdapter } from '../adapter/adapter.ts';
import { AdapterTrainer } from '../adapter/adapter-trainer.ts';
import { type Figures, judge } from '../adapter/figures.ts';
import type { TuningSettings } from '../adapter/presets.ts';
import { splitRows, type TuningData, type TuningRow } from '../adapter/tuning-data.ts';
import { lastStagePaths } from '../trainer/trained-paths.ts';
import type { LastStageSettings } from './last-stage-presets.ts';
import { LastStageTrainer, tunedSimilarity } from './last-stage-trainer.ts';
import { type PhotoViews, plainView, viewsOf } from './photo-views.ts';
import { type CutEncoder, LowerPart } from './still-part.ts';
import type { TrainingWish } from './trainer-backend.ts';
import { encodeTunedNetwork } from './tuned-network.ts';

interface JobBase {
  /** Names in the store. */
  readonly known: string;
  readonly taught: string;
  readonly encoder: EncoderIdentity & { readonly dim: number };
  /** Photos without a landmark, L2-normalised, row-major, by the encoder as shipped. */
  readonly bank: Float32Array;
  /** What is in use already, which the new result is compared with. */
  readonly inUse: TuningInUse | null;
  /** Goes on with the saved run. */
  readonly resume: boolean;
  readonly wish: TrainingWish;
}

export type TuningInUse =
  | { readonly scope: 'head'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** By the collection of taught photos as that network embeds them. */
  | { readonly scope: 'last-stage'; readonly collection: string; readonly slice: Slice };

export interface HeadJob extends JobBase {
  readonly scope: 'head';
  readonly settings: TuningSettings;
}

/** The network whose last stage is tuned, and the pictures that it learns from. */
export interface NetworkJob {
  /** Absolute address of the models folder. */
  readonly models: string;
  readonly entry: EncoderEntry;
  /** Its part of the embeddings in the collections. */
  readonly slice: Slice;
  /** Of all taught photos. */
  readonly pictures: readonly { readonly id: string; readonly blob: Blob }[];
}

export interface LastStageJob extends JobBase {
  readonly scope: 'last-stage';
  readonly settings: LastStageSettings;
  readonly network: NetworkJob;
}

export type TuningJob = HeadJob | LastStageJob;

/** A tuning that moves step by step. Lifetime: `dispose` frees what it holds on the backend. */
export interface Course {
  readonly step: number;
  advance(): Promise<number>;
  validate(): Promise<{ readonly loss: number | null; readonly figures: Figures }>;
  /** What could be used as it stands: a safetensors file. */
  file(): Promise<Uint8Array<ArrayBuffer>>;
  save(): Promise<Uint8Array<ArrayBuffer>>;
  restore(bytes: Uint8Array): void;
  dispose(): void;
}

/** The rows of both collections: those of the default one first. */
export interface Material {
  readonly loaded: readonly LoadedCollection[];
  readonly data: TuningData;
  /** Of each taught photo, by row. */
  readonly ids: ReadonlyMap<number, string>;
}

/** Throws `collection-*`, `hash-mismatch`, `storage-failed`. */
export async function loadMaterial(job: TuningJob, store: CairnStore): Promise<Material> {
  const known = await openInstalled(job.known, store);
  const taught = await openInstalled(job.taught, store);
  const loaded = [known, taught];
  for (const { collection } of loaded) assertEncoder(collection, job.encoder);
  const rows = [...rowsOf(known, false), ...rowsOf(taught, true)];
  // The original encoder goes on serving known landmarks: nothing of theirs is to be judged.
  const heldOutKnown = job.scope === 'head' ? job.settings.heldOutKnown : 0;
  const data = splitRows(rows, job.bank, { heldOutKnown, seed: job.settings.seed });
  const first = rows.findIndex((row) => row.taught);
  const ids = new Map(idsOf(taught).map((id, i) => [first + i, id]));
  return { loaded, data, ids };
}

/** What must be the same for a saved run of this job to go on. */
export function keyOf(job: TuningJob, { loaded }: Material): string {
  return JSON.stringify([
    job.encoder,
    loaded.map(({ collection }) =>
      collection.shards.map(({ sha256, deleted }) => [sha256, deleted]),
    ),
    loaded.map(({ collection }) => collection.labels.map(({ label }) => label)),
    job.settings,
  ]);
}

/** How well held-out photos are named as things stand. */
export async function figuresInUse(
  job: TuningJob,
  { data, ids }: Material,
  store: CairnStore,
): Promise<Figures> {
  const { inUse } = job;
  if (!inUse) return judge(data);
  if (inUse.scope === 'head') {
    return judge({ ...data, vectors: adapt(decodeAdapter(inUse.bytes).adapter, data.vectors) });
  }
  const tuned = await openInstalled(inUse.collection, store);
  const rows = rowsOf(tuned, true);
  const byId = new Map(idsOf(tuned).map((id, i) => [id, rows[i]!.embedding]));
  const byRow = [...ids].flatMap(([row, id]) => {
    const embedding = byId.get(id);
    return embedding ? [[row, embedding] as const] : [];
  });
  const bank = sliceRows(data.bank, data.dim, inUse.slice);
  return judge(data, tunedSimilarity(data, bank, new Map(byRow)));
}

/** Throws `model-*`, `photo-*`, `download-failed`, `aborted`; `usage` for data of fewer than two classes. */
export async function openCourse(
  job: TuningJob,
  material: Material,
  store: CairnStore,
  decode: DecodePhoto,
  work: LongWork,
): Promise<Course> {
  return job.scope === 'head'
    ? headCourse(job, material)
    : lastStageCourse(job, material, store, decode, work);
}

function headCourse(job: HeadJob, { data }: Material): Course {
  const trainer = new AdapterTrainer(data, job.settings);
  return asCourse(trainer, async () => encodeAdapter(await trainer.adapter(), job.encoder));
}

async function lastStageCourse(
  job: LastStageJob,
  material: Material,
  store: CairnStore,
  decode: DecodePhoto,
  work: LongWork,
): Promise<Course> {
  const { entry, slice, models } = job.network;
  const weights = readSafetensors(await webSource(models, store).file(entry.weights, work));
  const above = lastStagePaths(entry.arch, entry.spec);
  const encoder: CutEncoder = { spec: entry, weights, above };
  const { data } = material;
  const own: TuningData = {
    ...data,
    dim: slice.dim,
    vectors: sliceRows(data.vectors, data.dim, slice),
    bank: sliceRows(data.bank, data.dim, slice),
  };
  const lower = new LowerPart(encoder);
  try {
    const photos = await lookAtPhotos(job, material, lower, decode, work);
    const golden = await plainView(
      drawScene(GOLDEN_SCENE.seed, GOLDEN_SCENE.view),
      lower,
      entry.input,
    );
    const trainer = new LastStageTrainer(
      { encoder, own, searched: data, photos, golden },
      job.settings,
    );
    const maker = { id: entry.id, weightsSha256: entry.weights.sha256 };
    return asCourse(trainer, async () =>
      encodeTunedNetwork({ ...(await trainer.result()), maker }),
    );
  } finally {
    lower.dispose();
  }
}

/** What reaches the last stage of every taught photo: the slow part, done once. */
async function lookAtPhotos(
  job: LastStageJob,
  { ids }: Material,
  lower: LowerPart,
  decode: DecodePhoto,
  work: LongWork,
): Promise<Map<number, PhotoViews>> {
  const { entry, pictures } = job.network;
  const { crops, seed } = job.settings;
  const blobs = new Map(pictures.map(({ id, blob }) => [id, blob]));
  const photos = new Map<number, PhotoViews>();
  for (const [row, id] of ids) {
    throwIfAborted(work.signal);
    const total = ids.size;
    work.onProgress?.({ stage: 'encode', done: photos.size, total, unit: 'photos' });
    const blob = blobs.get(id);
    if (!blob) {
      throw new CairnError(
        'storage-failed',
        `The copy of the taught photo ${id} is gone from the browser's storage.`,
        'Remove that photo and teach it again.',
      );
    }
    const photo = await decode(new Uint8Array(await blob.arrayBuffer()), { signal: work.signal });
    photos.set(row, await viewsOf(photo, lower, entry.input, { crops, seed: seed + row }));
  }
  return photos;
}

function asCourse(
  trainer: AdapterTrainer | LastStageTrainer,
  file: () => Promise<Uint8Array<ArrayBuffer>>,
): Course {
  return {
    get step() {
      return trainer.step;
    },
    advance: () => trainer.advance(),
    validate: () => trainer.validate(),
    file,
    save: () => trainer.save(),
    restore: (bytes) => trainer.restore(bytes),
    dispose: () => trainer.dispose(),
  };
}

function rowsOf({ collection, shards }: LoadedCollection, taught: boolean): TuningRow[] {
  return shards.flatMap((shard) =>
    Array.from(storedRows(shard), ({ embedding, label }) => ({
      embedding,
      label: collection.labels[label]!.label,
      taught,
    })),
  );
}

/** First half of the SHA-256 of each photo's file, hex, in the order of {@link rowsOf}. */
function idsOf({ shards }: LoadedCollection): string[] {
  return shards.flatMap((shard) => Array.from(liveRows(shard), (row) => sourceId(shard, row)));
}
