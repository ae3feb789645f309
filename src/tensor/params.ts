// Named parameters with scopes, over any way of finding one by its full path.
import { CairnError } from '../errors.ts';
import type { Params } from './ops.ts';

/**
 * Params over `find`, which gives undefined for a path that does not exist. `source` names the weights
 * in error messages.
 */
export function scopedParams<T>(
  find: (path: string) => T | undefined,
  source: string,
  prefix = '',
): Params<T> {
  return {
    get(name) {
      const path = prefix + name;
      const value = find(path);
      if (value === undefined) {
        throw new CairnError(
          'model-invalid',
          `The parameter "${path}" is missing in ${source}.`,
          'Use weights that were made for this network and this spec.',
        );
      }
      return value;
    },
    has: (name) => find(prefix + name) !== undefined,
    scope: (name) => scopedParams(find, source, `${prefix}${name}.`),
  };
}
