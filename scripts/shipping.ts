// What every training run needs to become a model: weights in half precision, the command, the time, the curves.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModel } from '../src/cli/models.ts';
import { trainingCurves } from '../src/training/trainer/curves.ts';
import type { LogLine } from '../src/training/trainer/loop.ts';
import type { Stage } from '../src/training/trainer/presets.ts';
import { inPrecision } from '../src/weights/name-maps.ts';
import type { VerifiedFile } from '../src/weights/registry.ts';
import {
  readSafetensors,
  readSafetensorsMetadata,
  type Weights,
  writeSafetensors,
} from '../src/weights/safetensors.ts';

/** What every command of training says at its end. */
export interface RunSummary {
  readonly params: number;
  readonly backend: string;
  readonly seconds: number;
}

/** What the command says of a run at its end. */
export function readSummary<S extends RunSummary>(run: string): S {
  return JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as S;
}

export function readLog(run: string): LogLine[] {
  const text = readFileSync(join(run, 'log.jsonl'), 'utf8').trim();
  return text.split('\n').map((line) => JSON.parse(line) as LogLine);
}

export interface RunWeights {
  readonly weights: Weights;
  readonly metadata: ReadonlyMap<string, string>;
}

/** As they ship: matrices in half precision; norms stay as they are, they are few, and halving them costs most. */
export function readRunWeights(run: string): RunWeights {
  const file = readFileSync(join(run, 'weights.safetensors'));
  const weights = inPrecision(readSafetensors(file), 'float16');
  return { weights, metadata: readSafetensorsMetadata(file) };
}

/** What the run was told, as its weights say. */
export function settingsOf<C>({ metadata }: Pick<RunWeights, 'metadata'>): C {
  return JSON.parse(metadata.get('settings') ?? '{}') as C;
}

export function writeWeights(id: string, { weights, metadata }: RunWeights): Promise<VerifiedFile> {
  return writeModel(`${id}.safetensors`, writeSafetensors(weights, metadata));
}

export async function writeCurves(id: string, run: string): Promise<void> {
  await writeModel(`${id}.svg`, Buffer.from(trainingCurves(readLog(run), id)));
}

/** A command of training, with nothing of the machine that it ran on; what is null was not given. */
export function commandOf(
  name: string,
  flags: readonly (readonly [string, string | number | null])[],
): string {
  const given = flags.flatMap(([flag, value]) => (value === null ? [] : [`--${flag} ${value}`]));
  const manifest = '--manifest ../shared/data/manifest.csv';
  return `npm run --silent cairn -- ${[name, manifest, ...given].join(' ')}`;
}

/** `--sizes` and `--epochs`. */
export function stageFlags(stages: readonly Stage[]): readonly (readonly [string, string])[] {
  return [
    ['sizes', stages.map(({ size }) => size).join(',')],
    ['epochs', stages.map(({ epochs }) => epochs).join(',')],
  ];
}

/** Steps that were done, what of, for how long and on what. */
export function timeOf(
  run: string,
  { seconds, backend }: RunSummary,
  count: number,
  unit: 'images' | 'pairs',
): string {
  const steps = readLog(run).findLast(({ kind }) => kind === 'step')?.step ?? 0;
  const hours = (seconds / 3600).toFixed(1);
  const rate = (count / seconds).toFixed(1);
  return `${steps} steps, ${count} ${unit} in ${hours} hours (${rate} ${unit}/s) on ${backend}`;
}

export function millions(params: number): string {
  return `${(params / 1e6).toFixed(1)} million parameters`;
}
