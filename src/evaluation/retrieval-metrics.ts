// How well photos are found: mean average precision at a cut-off, as Google Landmarks retrieval has it.

export interface RankedList {
  /** Whether each retrieved reference shows the query's landmark, best first. */
  readonly relevant: readonly boolean[];
  /** How many references of the gallery show it. */
  readonly total: number;
}

/**
 * AP@k: the sum of the precision at each relevant result among the first k, divided by
 * min(total, k). Queries with nothing to find are not part of mAP.
 */
export function averagePrecisionAt(list: RankedList, k: number): number {
  let hits = 0;
  let sum = 0;
  list.relevant.slice(0, k).forEach((relevant, i) => {
    if (!relevant) return;
    hits += 1;
    sum += hits / (i + 1);
  });
  return sum / Math.min(list.total, k);
}

/** Mean of AP@k over the queries that have something to find; 0 when none has. */
export function meanAveragePrecisionAt(lists: readonly RankedList[], k: number): number {
  const scored = lists.filter((list) => list.total > 0);
  if (scored.length === 0) return 0;
  return scored.reduce((sum, list) => sum + averagePrecisionAt(list, k), 0) / scored.length;
}
