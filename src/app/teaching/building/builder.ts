// Learns a folder: plans it, drives the work, and picks up what an earlier visit left.
import { type Signal, signal } from '@preact/signals';
import { type PlainError, toPlainError } from '../../../errors.ts';
import type { CairnStore } from '../../../retrieval/store.ts';
import { holdIfFree, isFree } from '../locks.ts';
import { storageLeft } from '../storage-room.ts';
import { BuildKeep } from './build-keep.ts';
import type { BuildLibrary } from './build-library.ts';
import type { Building, BuildState, Choice, Draft } from './building.ts';
import { type DraftFacts, draftOf, keptPlan, problemOf, withLandmark } from './draft.ts';
import { copyBytes } from './estimates.ts';
import { foldersAgain, type GivenFolder } from './folder-files.ts';
import { planFolder } from './folder-plan.ts';
import { chosen, type Job, keptJob, newJob, openRun, pendingOf } from './job.ts';
import { isSameFolder } from './resume.ts';

/** Held from the first photo to the last, so that no other tab learns at the same time. */
const LOCK = 'cairn-build';

export interface BuilderParts {
  readonly store: CairnStore;
  readonly library: BuildLibrary;
  /** Numbers of an embedding. */
  readonly dim: number;
}

/** @param opened resolves once the engine is ready; a folder given before waits for it */
export function createBuilder(opened: () => Promise<BuilderParts>): Building {
  return new Builder(opened);
}

class Builder implements Building {
  readonly state: Signal<BuildState> = signal({ at: 'idle' });
  readonly #opened: () => Promise<BuilderParts>;
  #planned: { readonly folder: GivenFolder; readonly facts: DraftFacts } | null = null;
  #job: Job | null = null;
  #abort = new AbortController();
  #stopping = false;
  #release: (() => void) | null = null;

  constructor(opened: () => Promise<BuilderParts>) {
    this.#opened = opened;
  }

  async look(): Promise<void> {
    const { at } = this.state.peek();
    if (at !== 'idle' && at !== 'elsewhere') return;
    const { store, library } = await this.#opened();
    const keep = new BuildKeep(store);
    const job = await keptJob(keep, library).catch(() => null);
    if (!job) {
      this.state.value = { at: 'idle' };
      return;
    }
    if (!(await isFree(LOCK))) {
      this.state.value = { at: 'elsewhere' };
      return;
    }
    const { plan, log } = job;
    if (plan.over && log.alike.length === 0) {
      this.state.value = { at: 'idle' };
      return this.#forget(keep);
    }
    this.#job = job;
    const run = log.view(plan.copies);
    const again = (await keep.handles()).length > 0;
    this.state.value = plan.over
      ? { at: 'over', run, error: null }
      : { at: 'interrupted', run, again, problem: null };
  }

  async give(read: Parameters<Building['give']>[0]): Promise<boolean> {
    const before = this.state.peek();
    const waits = before.at === 'over' && before.run.alike.length > 0;
    if (waits || ['reading', 'running', 'paused', 'elsewhere'].includes(before.at)) return false;
    this.state.value = { at: 'reading', seen: 0 };
    let folder: GivenFolder;
    try {
      folder = await read((seen) => {
        if (this.state.peek().at === 'reading') this.state.value = { at: 'reading', seen };
      });
    } catch {
      this.state.value = before.at === 'interrupted' ? before : { at: 'unread' };
      return true;
    }
    if (before.at === 'interrupted') await this.#goOn(before, folder);
    else await this.#plan(folder);
    return true;
  }

  async #plan(folder: GivenFolder): Promise<void> {
    const plan = planFolder(folder);
    if (plan.files.length === 0) {
      this.state.value = { at: 'nothing', aside: plan.aside };
      return;
    }
    try {
      const { store, dim } = await this.#opened();
      const left = store.persistent ? await storageLeft() : null;
      const facts: DraftFacts = { dim, left, copyBytes: await copyBytes(store) };
      this.#planned = { folder, facts };
      this.state.value = { at: 'planned', draft: draftOf(plan, facts) };
    } catch {
      // The page says elsewhere why it cannot start.
      this.state.value = { at: 'unread' };
    }
  }

  rename(landmark: number, title: string): void {
    this.#draft((draft, facts) => withLandmark(draft, landmark, { title }, facts));
  }

  include(landmark: number, included: boolean): void {
    this.#draft((draft, facts) => withLandmark(draft, landmark, { included }, facts));
  }

  async keepCopies(copies: boolean): Promise<void> {
    this.#draft((draft) => ({ ...draft, copies }));
    const job = this.#job;
    const now = this.state.peek();
    if (now.at !== 'paused' || !job) return;
    job.plan = { ...job.plan, copies };
    this.state.value = { ...now, run: job.log.view(copies) };
    await job.keep.writePlan(job.plan).catch((thrown) => this.#failed(thrown));
  }

  #draft(change: (draft: Draft, facts: DraftFacts) => Draft): void {
    const now = this.state.peek();
    if (now.at !== 'planned' || !this.#planned) return;
    this.state.value = { at: 'planned', draft: change(now.draft, this.#planned.facts) };
  }

  async start(): Promise<void> {
    const now = this.state.peek();
    if (now.at !== 'planned' || !this.#planned || problemOf(now.draft)) return;
    const { folder } = this.#planned;
    if (!(await this.#hold())) return;
    const { store } = await this.#opened();
    const keep = new BuildKeep(store);
    const plan = keptPlan(now.draft);
    try {
      await keep.clear();
      await keep.writePlan(plan);
      await keep.writeHandles(store.persistent ? folder.handles : []);
    } catch (thrown) {
      this.#letGo();
      this.state.value = { at: 'planned', draft: { ...now.draft, error: toPlainError(thrown) } };
      return;
    }
    this.#planned = null;
    this.#job = newJob(plan, keep, folder);
    await this.#drive(this.#job);
  }

  async again(): Promise<void> {
    const now = this.state.peek();
    if (now.at !== 'interrupted' || !this.#job) return;
    const folder = await foldersAgain(await this.#job.keep.handles()).catch(() => null);
    if (folder) await this.#goOn(now, folder);
    else this.state.value = { ...now, problem: 'refused' };
  }

  async #goOn(
    interrupted: Extract<BuildState, { at: 'interrupted' }>,
    folder: GivenFolder,
  ): Promise<void> {
    const job = this.#job;
    if (!job) return;
    if (!isSameFolder(pendingOf(job, folder))) {
      this.state.value = { ...interrupted, problem: 'other-folder' };
      return;
    }
    if (!(await this.#hold())) return;
    job.folder = folder;
    await this.#drive(job);
  }

  pause(): void {
    if (this.state.peek().at === 'running') this.#abort.abort();
  }

  async resume(): Promise<void> {
    if (this.state.peek().at === 'paused' && this.#job) await this.#drive(this.#job);
  }

  async stop(): Promise<void> {
    const now = this.state.peek();
    this.#stopping = true;
    if (now.at === 'running') this.#abort.abort();
    else if (now.at === 'paused' && this.#job) {
      // What could not be written until now cannot keep the rest from ending.
      for (const place of (await this.#job.run?.giveUp()) ?? []) this.#job.log.remove(place);
      await this.#finish(this.#job);
    }
  }

  async decide(choices: ReadonlyMap<string, Choice>): Promise<void> {
    const job = this.#job;
    const now = this.state.peek();
    if (now.at !== 'over' || !job) return;
    const { lots, without } = chosen(job, choices);
    try {
      const { library } = await this.#opened();
      if (lots.length > 0) await library.add(lots, without);
      await job.keep.clear();
      job.log.decided(lots.length);
      this.state.value = { at: 'over', run: job.log.view(job.plan.copies), error: null };
    } catch (thrown) {
      this.state.value = { ...now, error: toPlainError(thrown) };
    }
  }

  async dismiss(): Promise<void> {
    const { at } = this.state.peek();
    if (at === 'running' || at === 'paused' || at === 'reading') return;
    if (this.#job) await this.#forget(this.#job.keep);
    this.#planned = null;
    this.state.value = { at: 'idle' };
  }

  async #drive(job: Job): Promise<void> {
    this.#abort = new AbortController();
    this.#stopping = false;
    const show = () => {
      this.state.value = { at: 'running', run: job.log.view(job.plan.copies) };
    };
    show();
    try {
      job.run ??= await openRun(job, await this.#opened(), show);
      const all = await job.run.advance(this.#abort.signal);
      if (all || this.#stopping) await this.#finish(job);
      else this.state.value = { at: 'paused', run: job.log.view(job.plan.copies), error: null };
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  /** Nothing more is learned; what waits for a choice stays until there is one. */
  async #finish(job: Job): Promise<void> {
    job.run = null;
    job.folder = null;
    job.log.landmark = null;
    let error: PlainError | null = null;
    try {
      if (job.log.alike.length === 0) await job.keep.clear();
      else {
        job.plan = { ...job.plan, over: true };
        await job.keep.writePlan(job.plan);
        await job.keep.writeHandles([]);
      }
    } catch (thrown) {
      error = toPlainError(thrown);
    }
    this.#letGo();
    this.state.value = { at: 'over', run: job.log.view(job.plan.copies), error };
  }

  #failed(thrown: unknown): void {
    const job = this.#job;
    if (!job) return;
    const error = toPlainError(thrown);
    this.state.value = { at: 'paused', run: job.log.view(job.plan.copies), error };
  }

  async #hold(): Promise<boolean> {
    this.#release ??= await holdIfFree(LOCK);
    if (!this.#release) this.state.value = { at: 'elsewhere' };
    return this.#release !== null;
  }

  #letGo(): void {
    this.#release?.();
    this.#release = null;
  }

  async #forget(keep: BuildKeep): Promise<void> {
    this.#job?.log.close();
    this.#job = null;
    await keep.clear().catch(() => undefined); // what is left over is looked at again at the next visit
  }
}
