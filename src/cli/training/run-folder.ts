// The folder of a training run: checkpoint, weights, log, curves and summary, each replaced as a whole.
import { appendFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { trainingCurves } from '../../training/trainer/curves.ts';
import type { LogLine } from '../../training/trainer/loop.ts';
import { usage } from '../output.ts';

const FILES = {
  checkpoint: 'checkpoint.safetensors',
  /** The averaged weights when validation was best; of the last step where there was none. */
  weights: 'weights.safetensors',
  log: 'log.jsonl',
  curves: 'curves.svg',
  /** What the command prints at its end. */
  summary: 'summary.json',
} as const;

export class RunFolder {
  readonly #lines: LogLine[] = [];
  /** Appends wait for one another, so that lines stay in order. */
  #written: Promise<void> = Promise.resolve();

  private constructor(readonly path: string) {}

  /**
   * @param resume whether a checkpoint must lie there; else the folder must hold none
   * Throws `usage` when that is not so.
   */
  static async open(path: string, resume: boolean): Promise<RunFolder> {
    await mkdir(path, { recursive: true });
    const folder = new RunFolder(path);
    const checkpoint = await RunFolder.checkpointIn(path);
    if (resume && !checkpoint) {
      throw usage(`${path} holds no checkpoint.`, 'Leave --resume out, or give the right folder.');
    }
    if (!resume && checkpoint) {
      throw usage(`${path} holds a run already.`, 'Add --resume to go on, or give another folder.');
    }
    return folder;
  }

  /** `runs/NAME-1`, or the first number that is free. */
  static async fresh(name: string): Promise<string> {
    for (let number = 1; ; number++) {
      const path = join('runs', `${name}-${number}`);
      const taken = await stat(path).catch(() => null);
      if (!taken) return path;
    }
  }

  /** Null where there is none. */
  static checkpointIn(path: string): Promise<Uint8Array | null> {
    return readFile(join(path, FILES.checkpoint)).catch(() => null);
  }

  /** Takes the log up to a step over from before, and forgets what came after it. */
  async keepLog(step: number): Promise<void> {
    const text = await readFile(join(this.path, FILES.log), 'utf8').catch(() => '');
    for (const line of text.split('\n').filter((each) => each !== '')) {
      const parsed = parseLine(line);
      if (parsed && parsed.step <= step) this.#lines.push(parsed);
    }
    const kept = this.#lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await this.#replace(FILES.log, Buffer.from(kept));
  }

  log(line: LogLine): void {
    this.#lines.push(line);
    const text = `${JSON.stringify(line)}\n`;
    this.#written = this.#written.then(() => appendFile(join(this.path, FILES.log), text));
  }

  async saveCheckpoint(bytes: Uint8Array): Promise<void> {
    await this.#written;
    await this.#replace(FILES.checkpoint, bytes);
  }

  /** @returns the file's path */
  async saveWeights(bytes: Uint8Array): Promise<string> {
    await this.#replace(FILES.weights, bytes);
    return join(this.path, FILES.weights);
  }

  get weights(): string {
    return join(this.path, FILES.weights);
  }

  async drawCurves(title: string): Promise<void> {
    await this.#written;
    await this.#replace(FILES.curves, Buffer.from(trainingCurves(this.#lines, title)));
  }

  async saveSummary(summary: object): Promise<void> {
    await this.#replace(FILES.summary, Buffer.from(`${JSON.stringify(summary, null, 2)}\n`));
  }

  /** A kill in the middle leaves the file as it was. */
  async #replace(name: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.path, `${name}.part`);
    await writeFile(temporary, bytes);
    await rename(temporary, join(this.path, name));
  }
}

/** Null for a line that a kill tore, and for any other that no run wrote. */
function parseLine(line: string): LogLine | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const fields = Object(value) as Partial<Record<string, unknown>>;
  const { kind, step, parts } = fields;
  const known = Number.isSafeInteger(step) && (step as number) >= 0 && isFlat(fields, 2);
  const drawn =
    kind === 'validation' ||
    (kind === 'step' &&
      [fields.loss, fields.learningRate, fields.epoch].every(Number.isFinite) &&
      typeof parts === 'object' &&
      parts !== null &&
      Object.values(parts).every(Number.isFinite));
  return known && drawn ? (value as LogLine) : null;
}

/** Whether it has no more than so many levels of objects. */
function isFlat(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each) => isFlat(each, levels - 1));
}
