// `cairn bench`: benchmarks that print JSON.
import { benchEncode, benchRecognize } from '../../../bench/encode.ts';
import { benchIndex } from '../../../bench/index.ts';
import { printJson, progressLine, usage } from '../output.ts';

const DEFAULT_RUNS = 50;
const DEFAULT_ROWS = 20_000;

export interface BenchOptions {
  readonly n?: string;
  readonly dim: string;
}

export async function bench(what: string, options: BenchOptions): Promise<void> {
  const n = count('--n', options.n ?? String(what === 'index' ? DEFAULT_ROWS : DEFAULT_RUNS));
  switch (what) {
    case 'encode':
      return printJson(await benchEncode(n));
    case 'recognize':
      return printJson(await benchRecognize(n));
    case 'index': {
      const dim = count('--dim', options.dim);
      return printJson(await benchIndex({ n, dim, onProgress: progressLine('index') }));
    }
    default:
      throw usage(`There is no benchmark "${what}".`, 'Choose encode, index or recognize.');
  }
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw usage(`${option} takes a positive whole number, not "${text}".`);
}
