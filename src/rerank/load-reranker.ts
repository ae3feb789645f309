// The parts of a model that re-ranking needs: the non-landmark bank and the decision, read from files.
import { CairnError } from '../errors.ts';
import type { LongWork } from '../progress.ts';
import { float32ToHalf } from '../weights/half.ts';
import { type ModelSource, parseJson, type ServedModel } from '../weights/load-registry.ts';
import { readSafetensors, toFloat32, writeSafetensors } from '../weights/safetensors.ts';
import { type DecisionModel, parseDecision } from './decision.ts';
import { exportedTrees } from './exported/index.ts';
import { NonLandmarkBank } from './non-landmark-bank.ts';
import type { TreeDecisionModel } from './tree-decision.ts';

/** The one tensor of a bank file: [photos, dim], float16. */
const BANK_TENSOR = 'bank';

export interface RerankerModel {
  readonly bank: NonLandmarkBank;
  /** SHA-256 of the bank's file: collections name the bank that they were measured against. */
  readonly bankSha256: string;
  readonly decision: DecisionModel;
  /** The recipe's decision, where it was trained for this model; else null, and `decision` decides. */
  readonly trees: TreeDecisionModel | null;
  /** Lengths of the parts that embeddings are joined from. */
  readonly members: readonly number[];
}

/** Throws `model-invalid`, `model-missing`, `download-failed`, `hash-mismatch`, `aborted`. */
export async function loadReranker(
  source: ModelSource,
  entry: ServedModel,
  work: LongWork = {},
): Promise<RerankerModel> {
  const bank = decodeBank(await source.file(entry.bank, work), entry.dim);
  const decision = parseDecision(
    parseJson(await source.file(entry.decision, work), entry.decision.file),
  );
  const trees = await exportedTrees(entry);
  return { bank, bankSha256: entry.bank.sha256, decision, trees, members: entry.members };
}

/** @param rows L2-normalised, row-major [n × dim]. */
export function encodeBank(rows: Float32Array, dim: number): Uint8Array {
  const data = new Uint8Array(float32ToHalf(rows).buffer);
  const shape = [rows.length / dim, dim];
  return writeSafetensors(new Map([[BANK_TENSOR, { dtype: 'F16', shape, data }]]));
}

/** Throws `model-invalid` for anything but a bank of this length. */
export function decodeBank(bytes: Uint8Array, dim: number): NonLandmarkBank {
  const tensor = readSafetensors(bytes).get(BANK_TENSOR);
  const rows = tensor ? toFloat32(tensor, BANK_TENSOR) : new Float32Array(0);
  // One that is no number would make every similarity to the bank none.
  if (!rows.every(Number.isFinite)) {
    throw new CairnError(
      'model-invalid',
      'The non-landmark bank holds values that are no numbers.',
      'Install the model files again.',
    );
  }
  return new NonLandmarkBank(rows, dim);
}
