// Commands that measure: how well, how fast, and what is chosen and fitted by it.
import type { Command } from 'commander';
import { ENCODER, examples, MANIFEST, matcherOptions } from './parts.ts';

export function addEvaluation(program: Command): void {
  examples(
    program
      .command('evaluate')
      .description('score queries against a gallery, stage by stage')
      .requiredOption(...MANIFEST)
      .option('--gallery <csv...>', 'manifests of the gallery; the same when left out')
      .option('--gallery-splits <list>', 'splits of the gallery', 'index,train')
      .option('--query-split <split>', 'split of the queries', 'query')
      .option('--split <name>', '`validation`: gallery and queries of the validation protocol')
      .option(...ENCODER)
      .option('--baseline', 'the plainest baseline instead of the product')
      .option(
        '--references <kind>',
        'verify by matching with `stored` views, with whole `photos`, or `none`',
        'stored',
      )
      .option('--weights <file>', 'weights of a LoFTR to match with; the registry’s when left out')
      .option('--spec <name>', 'their row of the specs')
      .option('--longest-side <px>', 'longest side at which photos are matched')
      .option('--json', 'print the figures as JSON')
      .action(async (options) => (await import('../commands/evaluate.ts')).evaluate(options)),
    '--manifest photos.csv --json',
    '--manifest photos.csv --split validation --references none',
  );

  examples(
    matcherOptions(program.command('bench'))
      .description('benchmarks: encode, index, match, postgres, recognize, rerank')
      .argument('<what>', 'which of them')
      .option('--n <n>', 'runs; of `index` and `postgres`, rows')
      .option('--dim <n>', 'of `index` and `postgres`: length of the vectors', '512')
      .option('--collection <address>', 'of `postgres`: postgres://…; a private one when left out')
      .option(
        '--model <name>',
        'of `encode`: a network alone, ARCH/SPEC; of `rerank`: a model text',
      )
      .option(
        '--weights <file>',
        'of `encode --model`: its weights, random when left out; of `match`',
      )
      .option('--spec <name>', 'of `match`: the size of --weights, or of --random')
      .option('--random', 'of `match`: weights that mean nothing, for times alone')
      .option('--photos <dir>', 'of `match`: a folder of eleven photos; drawn scenes when left out')
      .option('--size <pixels>', 'of `encode --model`: SIDE or WIDTHxHEIGHT', '224')
      .option('--threads <list>', 'of `encode --model`: thread counts, separated by commas', '1,2')
      .option(
        '--beside <onnx>',
        'of `encode --model`: another ONNX file, measured in turns with ours',
      )
      .option('--json', 'benchmarks always print JSON; accepted for symmetry')
      .action(async (what, options) => (await import('../commands/bench.ts')).bench(what, options)),
    'recognize',
    'index --n 100000 --dim 1024',
    'encode --model swin/compact --size 160 --threads 1,2,4',
  );

  examples(
    program
      .command('split')
      .description('draw the validation protocol, once')
      .requiredOption(...MANIFEST)
      .option('--force', 'draw it again although it exists')
      .action(async (options) => (await import('../commands/split.ts')).split(options)),
    '--manifest photos.csv',
  );

  examples(
    program
      .command('fit')
      .description('fit whitening, bank and decision of every encoder; writes models/')
      .requiredOption(...MANIFEST)
      .option('--only <id...>', 'only these encoders and ensembles; the others stay as they are')
      .option('--keep-whitening', 'only decisions: embeddings and collections stay as they are')
      .action(async (options) => (await import('../commands/fit.ts')).fit(options)),
    '--manifest photos.csv --only lite0-lite2 --keep-whitening',
  );

  examples(
    program
      .command('tune')
      .description('curves of the re-ranking constants on the validation split')
      .requiredOption(...MANIFEST)
      .option('--rounds <n>', 'times over all constants', '2')
      .option('--curves <file>', 'draw the curves of the last round into this SVG')
      .action(async (options) => (await import('../commands/tune.ts')).tune(options)),
    '--manifest photos.csv --curves curves.svg',
  );

  examples(
    program
      .command('ablate')
      .description('compare poolings and losses on frozen features, by validation alone; resumable')
      .requiredOption(...MANIFEST)
      .option('--seeds <n>', 'runs of each pooling with each loss', '3')
      .option('--epochs <n>', 'of each run')
      .option('--size <pixels>', 'longest side of the photos', '224')
      .option(
        '--out <file>',
        'results as they come, JSON lines; runs that are there are not repeated',
      )
      .option('--json', 'print the table as JSON')
      .action(async (options) => (await import('../commands/ablate.ts')).ablate(options)),
    '--manifest photos.csv --seeds 1 --out ablation.jsonl',
  );
}
