// The re-rankers that were trained and exported, each for one model: `cairn train-reranker` writes the modules here.
import type { ServedModel } from '../../weights/load-registry.ts';
import { openTreeDecision, type TreeDecisionModel, type TreeTraining } from '../tree-decision.ts';
import type { ExportedTrees } from '../trees/exported-trees.ts';
import pair from './lite0-lite2.generated.json' with { type: 'json' };

interface Exported {
  readonly training: TreeTraining;
  /** Apart from the rest of the page: nothing needs it before the first photo. */
  readonly load: () => Promise<{ readonly default: ExportedTrees }>;
}

/** By the id of the model that each was trained for. */
const EXPORTED: Readonly<Record<string, Exported>> = {
  'lite0-lite2': { training: pair, load: () => import('./lite0-lite2.generated.ts') },
};

/** Null where none was trained for exactly this model and bank. Throws `model-invalid`. */
export async function exportedTrees(
  model: Pick<ServedModel, 'id' | 'weightsSha256' | 'bank'>,
): Promise<TreeDecisionModel | null> {
  const exported = Object.hasOwn(EXPORTED, model.id) ? EXPORTED[model.id] : undefined;
  if (!exported) return null;
  const { training, load } = exported;
  const fits =
    training.weightsSha256 === model.weightsSha256 && training.bankSha256 === model.bank.sha256;
  return fits ? openTreeDecision((await load()).default, training) : null;
}
