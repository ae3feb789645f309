// `cairn bench`: benchmarks that print JSON.
import { join } from 'node:path';
import { benchEncode, benchRecognize } from '../../../bench/encode.ts';
import { benchNetwork } from '../../../bench/encode-network.ts';
import { benchIndex } from '../../../bench/index.ts';
import { benchMatch } from '../../../bench/match.ts';
import { benchPostgres } from '../../../bench/postgres.ts';
import { benchRerank } from '../../../bench/rerank.ts';
import { DEFAULT_MODEL } from '../encoders.ts';
import { readNumber, readNumbers, readSize, WHOLE } from '../flags.ts';
import { modelsFolder } from '../models.ts';
import { parseNetworkName } from '../network-model.ts';
import type { MatcherChoice } from '../open-matcher.ts';
import { printJson, progressLine, usage } from '../output.ts';

const DEFAULT_RUNS = 50;
const DEFAULT_ROWS = 20_000;
const DEFAULT_NETWORK_RUNS = 20;
const DEFAULT_MATCH_RUNS = 10;

export interface BenchOptions extends MatcherChoice {
  readonly n?: string;
  readonly dim: string;
  /** Of `encode`: ARCH/SPEC, a network alone instead of the default encoder. Of `rerank`: a model text. */
  readonly model?: string;
  readonly beside?: string;
  readonly size: string;
  readonly threads: string;
  /** Of `postgres`: postgres://… */
  readonly collection?: string;
  /** Of `match`: a folder. */
  readonly photos?: string;
}

export async function bench(what: string, options: BenchOptions): Promise<void> {
  if (what === 'encode' && options.model !== undefined) {
    return printJson(await benchNamed(options.model, options));
  }
  const usual =
    { index: DEFAULT_ROWS, postgres: DEFAULT_ROWS, match: DEFAULT_MATCH_RUNS }[what] ??
    DEFAULT_RUNS;
  const n = readNumber('--n', options.n ?? String(usual), WHOLE);
  switch (what) {
    case 'encode':
      return printJson(await benchEncode(n));
    case 'recognize':
      return printJson(await benchRecognize(n));
    case 'index': {
      const dim = readNumber('--dim', options.dim, WHOLE);
      return printJson(await benchIndex({ n, dim, onProgress: progressLine('index') }));
    }
    case 'postgres': {
      const dim = readNumber('--dim', options.dim, WHOLE);
      const { collection: address } = options;
      return printJson(
        await benchPostgres({ n, dim, address, onProgress: progressLine('postgres') }),
      );
    }
    case 'match':
      return printJson(await benchMatch({ ...options, n, onProgress: progressLine('match') }));
    case 'rerank': {
      const model = options.model ?? join(modelsFolder(), `${DEFAULT_MODEL}-reranker.txt`);
      return printJson(await benchRerank({ model, n }));
    }
    default:
      throw usage(
        `There is no benchmark "${what}".`,
        'Choose encode, index, match, postgres, recognize or rerank.',
      );
  }
}

async function benchNamed(model: string, options: BenchOptions) {
  const named = parseNetworkName(model);
  if (!named) throw usage(`--model takes ARCH/SPEC, such as nfnet/compact, not "${model}".`);
  return benchNetwork({
    named,
    n: readNumber('--n', options.n ?? String(DEFAULT_NETWORK_RUNS), WHOLE),
    size: readSize(options.size),
    threads: readNumbers('--threads', options.threads, WHOLE),
    weights: options.weights,
    beside: options.beside,
  });
}
