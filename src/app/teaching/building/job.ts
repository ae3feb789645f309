// A folder under way: what is kept of it, what became of its files, and the work on it.
import { type BuildKeep, type KeptPlan, settledBatches } from './build-keep.ts';
import type { BuildLibrary, LandmarkLot } from './build-library.ts';
import type { Choice } from './building.ts';
import type { GivenFolder } from './folder-files.ts';
import { FolderRun } from './folder-run.ts';
import { type Pending, pendingFiles } from './resume.ts';
import { RunLog } from './run-log.ts';

export interface Job {
  plan: KeptPlan;
  readonly keep: BuildKeep;
  readonly log: RunLog;
  /** Batches noted when it was opened. */
  readonly batches: number;
  run: FolderRun | null;
  folder: GivenFolder | null;
}

export function newJob(plan: KeptPlan, keep: BuildKeep, folder: GivenFolder): Job {
  return { plan, keep, log: new RunLog(plan, [], []), batches: 0, run: null, folder };
}

/** What an earlier visit left; null where nothing. Throws `storage-failed`. */
export async function keptJob(keep: BuildKeep, library: BuildLibrary): Promise<Job | null> {
  const kept = await keep.read();
  if (!kept) return null;
  const { plan } = kept;
  const here = new Set(
    library.landmarks.peek().flatMap(({ photos }) => photos.map(({ id }) => id)),
  );
  const batches = settledBatches(kept.batches, here);
  if (batches.length < kept.batches.length) await keep.dropBatch(batches.length);
  // A choice that was added just before the page went counts as made.
  const results = batches
    .flat()
    .map((one) =>
      one.at === 'alike' && here.has(one.id) ? { ...one, at: 'taught' as const } : one,
    );
  const log = new RunLog(plan, results, await keep.alike(results));
  return { plan, keep, log, batches: batches.length, run: null, folder: null };
}

export function pendingOf({ plan, log }: Job, folder: GivenFolder): Pending[] {
  return pendingFiles(plan.files, new Set(log.results.keys()), folder.files);
}

/** @param show called whenever there is something new to see */
export function openRun(
  job: Job,
  { library, dim }: { readonly library: BuildLibrary; readonly dim: number },
  show: () => void,
): Promise<FolderRun> {
  const { keep, log, plan, batches, folder } = job;
  const pending = folder ? pendingOf(job, folder) : [];
  const copies = () => job.plan.copies;
  return FolderRun.open(
    {
      ...{ keep, library, dim, plan, pending, batches, copies },
      onLandmark: (place) => {
        log.landmark = place;
        show();
      },
      onResult: (result, ms, described) => {
        log.add(result, ms, described);
        show();
      },
      onAlike: (photo) => log.holdAside(photo),
    },
    log.alike,
  );
}

/** What a choice among photos that look alike adds, and the photos that it takes away. */
export function chosen(
  { log, plan }: Job,
  choices: ReadonlyMap<string, Choice>,
): { readonly lots: LandmarkLot[]; readonly without: Set<string> } {
  const photos = log.alike.filter(({ id }) => choices.has(id));
  return {
    lots: photos.map(({ landmark, id, embedding, picture }) => ({
      title: plan.landmarks[landmark]!.title,
      photos: [{ id, embedding, picture: plan.copies ? picture : null }],
    })),
    without: new Set(
      photos.filter(({ id }) => choices.get(id) === 'instead').map(({ other }) => other.id),
    ),
  };
}
