// What every engine refuses to search for.
import { CairnError } from '../errors.ts';
import type { SearchOptions } from './search.ts';

/** @throws CairnError `usage` on a wrong length, a number that is not finite, or a k below 1 */
export function checkQuery(
  query: Float32Array,
  { k }: Pick<SearchOptions, 'k'>,
  dim: number,
): void {
  const refuse = (what: string): never => {
    throw new CairnError('usage', `This cannot be searched for: ${what}.`, 'Give a valid query.');
  };
  if (query.length !== dim) refuse(`the query has ${query.length} numbers, the collection ${dim}`);
  if (!query.every(Number.isFinite)) refuse('the query is not finite');
  if (!Number.isInteger(k) || k < 1) refuse(`k is ${k}`);
}
