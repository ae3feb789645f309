// A verdict with everything filled in, for tests of what the page makes of one.
import type { Verdict } from '../../src/verdict.ts';

export function verdictOf(some: Partial<Verdict>): Verdict {
  return {
    kind: 'landmark',
    label: null,
    confidence: 0.5,
    candidates: [],
    kindProbabilities: { landmark: 0.5, unlisted: 0.3, 'not-landmark': 0.2 },
    timings: { decode: 10, encode: 20 },
    backend: 'wasm (2 threads)',
    evidence: { engine: 'exact', nearest: [], stages: [], verification: null, features: [] },
    ...some,
  };
}
