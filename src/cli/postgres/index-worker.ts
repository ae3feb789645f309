// One worker of `cairn index --collection postgres://…`: takes photos from the queue, encodes them, writes rows.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted, toPlainError } from '../../errors.ts';
import type { LongWork } from '../../progress.ts';
import type { Outcome, TakenPhoto, WorkQueue } from '../../retrieval/postgres/queue.ts';
import { LEASE_SECONDS } from '../../retrieval/postgres/queue.ts';
import { SOURCE_BYTES } from '../../retrieval/shard.ts';
import { readPhoto } from '../encode-photos.ts';

export interface IndexJob extends LongWork {
  readonly queue: WorkQueue;
  /** The file of a photo of the queue; undefined where this worker has none. */
  readonly fileOf: (photo: Pick<TakenPhoto, 'path' | 'label'>) => string | undefined;
  readonly encode: (photo: Uint8Array) => Promise<Float32Array>;
  /** Mean similarity of a reference to its nearest non-landmark photos. */
  readonly bankSimilarity: (embedding: Float32Array) => number;
  readonly leaseSeconds?: number;
  /** Take rows out whose photos are gone. */
  readonly prune?: boolean;
}

export interface IndexReport {
  /** Photos that this worker wrote. */
  readonly written: number;
  /** Photos that were in the collection already. */
  readonly known: number;
  /** Photos that it could not take in; of the worker that ends last, those of all workers. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Rows whose photos are gone, where that was asked for. */
  readonly takenOut: number;
}

/** Photos taken at once: as few as keep the queue out of the way of encoding, so that a kill gives little back late. */
const BATCH = 8;
/** Between two counts of what is done, for progress. */
const COUNT_MS = 2000;
/** Between two looks at a queue in which other workers hold all that is left. */
const WAIT_MS = 500;

/**
 * Until nothing waits in the queue, also not for other workers: of those that die it takes over what they held.
 * @throws CairnError `storage-*`, `collection-missing`, `inference-failed`, `aborted`; photos held are given back
 */
export async function indexWorker(job: IndexJob): Promise<IndexReport> {
  const { queue, signal } = job;
  const report = { written: 0, known: 0, skipped: [] as { path: string; reason: string }[] };
  const foreign = new Set<string>();
  const beat = heartbeat(job);
  let counted = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      throwIfAborted(signal);
      const taken = await queue.take(BATCH, [...foreign]);
      const mine = taken.filter((photo) => job.fileOf(photo) !== undefined);
      const others = taken.filter((photo) => !mine.includes(photo));
      for (const { id } of others) foreign.add(id);
      if (others.length > 0) await queue.giveBack(others);
      if (mine.length > 0) await workOn(mine, job, report);
      // Counting reads the whole queue: not after each handful of photos.
      if (taken.length > 0 && performance.now() - counted < COUNT_MS) continue;
      counted = performance.now();
      const { waiting, done, failed } = await queue.counts();
      const total = waiting + done + failed;
      job.onProgress?.({ stage: 'encode', done: done + failed, total, unit: 'photos' });
      if (waiting === 0 || waiting <= foreign.size) break;
      if (taken.length === 0) await sleep(WAIT_MS);
    }
  } finally {
    clearInterval(beat);
  }
  const { takenOut, failed } = await queue.close({ prune: job.prune ?? false });
  const own = new Set(report.skipped.map(({ path }) => path));
  const others = failed.filter(({ path }) => !own.has(path));
  for (const { path, reason } of others) report.skipped.push({ path, reason: reason ?? '' });
  return { ...report, takenOut };
}

/** What fails here shows at the next statement of the worker itself. */
function heartbeat({ queue, leaseSeconds = LEASE_SECONDS }: IndexJob): NodeJS.Timeout {
  return setInterval(() => queue.prolong().catch(() => undefined), (1000 * leaseSeconds) / 3);
}

async function workOn(
  photos: readonly TakenPhoto[],
  job: IndexJob,
  report: { written: number; known: number; skipped: { path: string; reason: string }[] },
): Promise<void> {
  const outcomes: Outcome[] = [];
  const left = [...photos];
  try {
    for (let photo = left.shift(); photo; photo = left.shift()) {
      throwIfAborted(job.signal);
      const outcome = await workOnOne(photo, job);
      outcomes.push(outcome);
      if ('problem' in outcome) report.skipped.push({ path: photo.path, reason: outcome.problem });
    }
  } finally {
    // What was encoded is kept even where the rest cannot be.
    const rows = outcomes.filter((each) => 'row' in each && each.row !== null).length;
    const added = await job.queue.finish(outcomes);
    report.written += added;
    report.known += outcomes.filter((each) => 'row' in each).length - rows + (rows - added);
    if (left.length > 0) await job.queue.giveBack(left);
  }
}

async function workOnOne(photo: TakenPhoto, job: IndexJob): Promise<Outcome> {
  try {
    const bytes = await readPhoto(job.fileOf(photo) ?? photo.path);
    const source = createHash('sha256').update(bytes).digest().subarray(0, SOURCE_BYTES);
    if (await job.queue.has(source, photo.place)) return { photo, source, row: null };
    const embedding = await job.encode(bytes);
    const row = {
      label: photo.place,
      bankSimilarity: job.bankSimilarity(embedding),
      source,
      view: null,
      embedding,
    };
    return { photo, source, row };
  } catch (thrown) {
    const { code, message } = toPlainError(thrown);
    if (!code.startsWith('photo-')) throw thrown;
    return { photo, problem: message };
  }
}
