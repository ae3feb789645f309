// A build of a collection's folder that is not finished: what it was asked for and when it first began, in a file in
// the folder. A run that is killed is gone on with by asking for the same again.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, storing } from '../retrieval/write-folder.ts';
import { usage } from './output.ts';

const RUN_FILE = '.index-run.json';

interface RunRecord {
  /** SHA-256 of what was asked for. */
  readonly request: string;
  /** When the first run of this request began; ISO 8601, UTC. */
  readonly created: string;
  /** The run that is at work, or was when it was killed. */
  readonly run: string;
}

/** What a run finds in its folder: nothing, a run like it that was not finished, or one that was asked for something else. */
export type Beginning = 'new' | 'resumed' | 'replaced';

export class IndexRun {
  private constructor(
    readonly folder: string,
    readonly beginning: Beginning,
    readonly record: RunRecord,
    /** The folder was not there before. */
    readonly madeFolder: boolean,
  ) {}

  /**
   * From now on the folder is this run's: one that is still at work there is stopped by its next {@link check}, so
   * that a run that was killed, here or on another machine, never has to be told from one that is alive.
   * @param request all that the bytes of the collection depend on besides the photos; parts are hashed one by one
   * @throws CairnError `storage-full`, `storage-failed`
   */
  static async begin(folder: string, request: Iterable<unknown>): Promise<IndexRun> {
    const hash = createHash('sha256');
    for (const part of request) hash.update(`${JSON.stringify(part)}\n`);
    const asked = hash.digest('hex');
    const made = await storing(folder, () => mkdir(folder, { recursive: true }));
    const before = await readRun(folder);
    const same = before?.request === asked;
    const run = new IndexRun(
      folder,
      !before ? 'new' : same ? 'resumed' : 'replaced',
      {
        request: asked,
        created: same ? before.created : new Date().toISOString(),
        run: randomUUID(),
      },
      made !== undefined,
    );
    const bytes = Buffer.from(`${JSON.stringify(run.record, null, 2)}\n`);
    await storing(folder, () => replaceFile(join(folder, RUN_FILE), bytes));
    return run;
  }

  /** When the first run of this request began. */
  get created(): string {
    return this.record.created;
  }

  /** Throws `usage` where another run has taken the folder since. */
  async check(): Promise<void> {
    if (await this.#ours()) return;
    throw usage(
      `Another \`cairn index\` builds ${this.folder} now, so this one has stopped.`,
      'Let the other finish, or give another folder. What was encoded so far is kept.',
    );
  }

  /** The folder is finished, or there is nothing to go on with. */
  async end(): Promise<void> {
    if (await this.#ours()) await rm(join(this.folder, RUN_FILE), { force: true });
    // Fails where there is something in it, as it should.
    if (this.madeFolder) await rmdir(this.folder).catch(() => undefined);
  }

  async #ours(): Promise<boolean> {
    return (await readRun(this.folder))?.run === this.record.run;
  }
}

/** Null where there is none, or what there is cannot be read. */
async function readRun(folder: string): Promise<RunRecord | null> {
  try {
    const read = Object(JSON.parse(await readFile(join(folder, RUN_FILE), 'utf8'))) as RunRecord;
    const parts = [read.request, read.created, read.run];
    return parts.every((part) => typeof part === 'string') ? read : null;
  } catch {
    return null;
  }
}
