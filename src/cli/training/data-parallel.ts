// Data parallelism on one machine: the same command in several processes, which average their gradients.
import { type ChildProcess, fork } from 'node:child_process';
import { CairnError } from '../../errors.ts';

/** Set for the processes that the first one starts. */
const RANK_VARIABLE = 'CAIRN_RANK';

/** One of `count` processes that train the same network on different parts of each batch. */
export interface Rank {
  /** 0 is the process that the user started: it alone validates, logs and keeps checkpoints. */
  readonly rank: number;
  readonly count: number;
  /**
   * The mean of every process's row, which all get alike, bit for bit. Every process must call it equally
   * often with rows of the same length. Throws `worker-crashed` when one of them has ended.
   */
  exchange(row: Float32Array): Promise<Float32Array>;
  /** The processes that this one started end. */
  close(): void;
}

/**
 * In the first process starts `count` − 1 others with the same command line; in those joins it. One
 * process alone exchanges with itself.
 */
export function joinRanks(count: number): Rank {
  const own = process.env[RANK_VARIABLE];
  if (own !== undefined) return new Follower(Number(own), count);
  return new Leader(count);
}

class Leader implements Rank {
  readonly rank = 0;
  readonly #others: Other[];

  constructor(readonly count: number) {
    this.#others = Array.from({ length: count - 1 }, (_, i) => new Other(startOther(i + 1)));
  }

  async exchange(row: Float32Array): Promise<Float32Array> {
    if (this.#others.length === 0) return row;
    const rows = await Promise.all(this.#others.map((other) => other.next()));
    // In the order of ranks, so that sums round alike in every run.
    const mean = Float32Array.from(row);
    for (const each of rows) for (let i = 0; i < mean.length; i++) mean[i]! += each[i]!;
    for (let i = 0; i < mean.length; i++) mean[i]! /= this.count;
    for (const other of this.#others) other.send(mean);
    return mean;
  }

  close(): void {
    for (const other of this.#others) other.end();
  }
}

function startOther(rank: number): ChildProcess {
  const [script, ...rest] = process.argv.slice(1);
  return fork(script!, rest, {
    env: { ...process.env, [RANK_VARIABLE]: String(rank) },
    // What others print is no result of the command.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
}

/** Another process as the leader sees it: rows come in, also before they are asked for. */
class Other {
  readonly #child: ChildProcess;
  readonly #came: Float32Array[] = [];
  #waiting: { resolve(row: Float32Array): void; reject(error: Error): void } | null = null;
  #gone: CairnError | null = null;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (row: Float32Array) => {
      if (this.#waiting) this.#waiting.resolve(row);
      else this.#came.push(row);
      this.#waiting = null;
    });
    child.on('exit', (code, signal) => {
      this.#gone = ended(`A training process ended (${signal ?? code}).`);
      this.#waiting?.reject(this.#gone);
    });
  }

  next(): Promise<Float32Array> {
    const row = this.#came.shift();
    if (row) return Promise.resolve(row);
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  send(row: Float32Array): void {
    this.#child.send(row);
  }

  end(): void {
    this.#child.kill();
  }
}

class Follower implements Rank {
  constructor(
    readonly rank: number,
    readonly count: number,
  ) {
    // Without its leader a follower has nothing to do.
    process.on('disconnect', () => process.exit(1));
  }

  exchange(row: Float32Array): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      process.once('message', (mean: Float32Array) => resolve(mean));
      process.send?.(row, (error: Error | null) => {
        if (error) reject(ended('The first training process is gone.'));
      });
    });
  }

  close(): void {
    process.disconnect?.();
  }
}

function ended(what: string): CairnError {
  return new CairnError(
    'worker-crashed',
    what,
    'Go on from the last checkpoint with --resume; use one process if memory is short.',
  );
}
