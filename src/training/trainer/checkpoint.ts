// All that a training run must know to go on as if it had never stopped, in one safetensors file.
import * as tf from '@tensorflow/tfjs-core';
import { CairnError } from '../../errors.ts';
import {
  fromFloat32,
  readSafetensors,
  readSafetensorsMetadata,
  toFloat32,
  type WeightTensor,
  writeSafetensors,
} from '../../weights/safetensors.ts';

/** A measure by its name, and a step. */
export type Best = Readonly<Record<string, number>> & { readonly step: number };

/** Where a run stands; grows by whole steps. */
export interface Progress {
  /** Steps done in all. */
  readonly step: number;
  /** Numbers that the loss keeps between steps. */
  readonly loss: Readonly<Record<string, number>>;
  /** The best validation so far, by the measure that ranks this network (scores.ts), and at which step. */
  readonly best: Best | null;
  /** Validations since the best one. */
  readonly stale: number;
  readonly seconds: number;
  readonly images: number;
}

export interface Checkpoint {
  readonly progress: Progress;
  /** What must be the same for the run to go on: the plan as JSON. */
  readonly plan: string;
  /** By group, then by path: variables, the optimiser's moments, averages; in tfjs's layout. */
  readonly tensors: ReadonlyMap<Group, ReadonlyMap<string, tf.Tensor>>;
}

export const GROUPS = ['network', 'loss', 'optimiser', 'average'] as const;
export type Group = (typeof GROUPS)[number];

const VERSION = '1';

/** float32 throughout: the bits of every number come back. */
export async function writeCheckpoint(checkpoint: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const stored = new Map<string, WeightTensor>();
  for (const [group, tensors] of checkpoint.tensors) {
    for (const [path, tensor] of tensors) {
      const values = Float32Array.from(await tensor.data());
      stored.set(`${group}/${path}`, fromFloat32(values, tensor.shape));
    }
  }
  const metadata = new Map([
    ['cairn-checkpoint', VERSION],
    ['plan', checkpoint.plan],
    ['progress', JSON.stringify(checkpoint.progress)],
  ]);
  return writeSafetensors(stored, metadata);
}

/**
 * Tensors on the current backend; the caller disposes them.
 * Throws `model-invalid` for a file that is no checkpoint, `usage` when it is one of another plan.
 */
export function readCheckpoint(bytes: Uint8Array, plan: string): Checkpoint {
  const metadata = readSafetensorsMetadata(bytes);
  const progress = metadata.get('progress');
  if (metadata.get('cairn-checkpoint') !== VERSION || progress === undefined) {
    throw noCheckpoint();
  }
  if (metadata.get('plan') !== plan) {
    throw new CairnError(
      'usage',
      'The checkpoint belongs to a run with other settings.',
      'Give the settings that the run was started with, or another folder.',
    );
  }
  const known = parseProgress(progress);
  const tensors = new Map(GROUPS.map((group) => [group, new Map<string, tf.Tensor>()]));
  for (const [name, tensor] of readSafetensors(bytes)) {
    const slash = name.indexOf('/');
    const group = tensors.get(name.slice(0, slash) as Group);
    const value = tf.tensor(toFloat32(tensor, name), [...tensor.shape], 'float32');
    group?.set(name.slice(slash + 1), value);
  }
  return { progress: known, plan, tensors };
}

/** Throws `model-invalid` for what no run wrote. */
function parseProgress(json: string): Progress {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw noCheckpoint(cause);
  }
  const { step, loss, best, stale, seconds, images } = Object(value) as Partial<Progress>;
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  const isNumbers = (numbers: unknown) =>
    typeof numbers === 'object' &&
    numbers !== null &&
    Object.values(numbers).every(Number.isFinite);
  const fits =
    [step, stale, images].every(isCount) &&
    Number.isFinite(seconds) &&
    isNumbers(loss) &&
    (best === null || (isNumbers(best) && isCount(best?.step)));
  if (!fits) throw noCheckpoint();
  return value as Progress;
}

function noCheckpoint(cause?: unknown): CairnError {
  return new CairnError(
    'model-invalid',
    'The file is no checkpoint of a training run.',
    'Start again without --resume, or give the folder that the run wrote.',
    { cause },
  );
}
