// The one error of this folder: a tree model that cannot be used.
import { CairnError } from '../../errors.ts';

const REMEDY = 'Save the model again with LightGBM, and do not change the file afterwards.';

/** @param what A sentence that names the line, field, tree or node. */
export function refuse(what: string, remedy = REMEDY): CairnError {
  return new CairnError('model-invalid', `The tree model cannot be used: ${what}`, remedy);
}
