// Commands that train, and that show what is trained on.
import type { Command } from 'commander';
import { courseOptions, examples, MANIFEST } from './parts.ts';

const RUN_FOLDER = [
  '--out <dir>',
  'folder of the run: checkpoint, weights, log, curves; a new one in runs/',
] as const;
const LIMIT = ['--limit <photos>', 'use only so many photos, of all classes alike'] as const;
const INIT = ['--init <file>', 'weights to start from, safetensors or .pth'] as const;
const RATES = [
  ['--lr <rate>', 'peak learning rate'],
  ['--weight-decay <rate>', 'decoupled decay of weights'],
] as const;

export function addTraining(program: Command): void {
  const train = program
    .command('train')
    .description('train an encoder on photos; resumable')
    .requiredOption(...MANIFEST)
    .requiredOption('--arch <name>', 'efficientnet-lite, swin, se-resnet or nfnet')
    .option('--spec <name>', 'its size; compact when left out')
    .option(...RUN_FOLDER)
    .option('--preset <name>', 'recipe, compact or tiny: what is not given below', 'compact')
    .option(
      '--loss <name>',
      'softmax, arcface, cosface, adacos, curricularface, subcentre-arcface or triplet',
    )
    .option('--sizes <list>', 'longest sides of the images in pixels, one for each stage')
    .option('--epochs <list>', 'epochs of each stage')
    .option('--batch <n>', 'images a step, over all processes')
    .option(...RATES[0])
    .option(...RATES[1])
    .option('--pooling <kind>', 'average, gem, r-mac or r-gem')
    .option('--dim <n>', 'length of the embedding')
    .option('--augmentation <name>', 'recipe, light or none')
    .option('--teacher <id>', 'an encoder of the registry, whose embeddings are imitated')
    .option(
      '--distil <weights>',
      'of the teacher’s embeddings, and of similarities within a batch',
      '1,0',
    )
    .option('--class-weight <w>', 'of the class loss; 0 where there is a teacher, else 1')
    .option(...INIT)
    .option('--trains <what>', 'all, head or last-stage', 'all')
    .option('--frozen-norms', 'batch norms keep their statistics: for tuning, or small batches')
    .option(...LIMIT)
    .option('--seed <n>', 'of weights, order and augmentation', '1')
    .option('--processes <n>', 'processes that share each batch', '1');
  examples(
    courseOptions(train).action(async (options) =>
      (await import('../commands/train.ts')).train(options),
    ),
    '--manifest photos.csv --arch se-resnet --dry-run',
    '--manifest photos.csv --arch swin --sizes 128,160 --epochs 8,4 --out runs/swin',
    '--manifest photos.csv --arch swin --sizes 128,160 --epochs 8,4 --out runs/swin --resume',
  );

  const matcher = program
    .command('train-matcher')
    .description('train our own LoFTR on pairs made of single photos; resumable')
    .requiredOption(...MANIFEST)
    .option('--spec <name>', 'its size', 'compact')
    .option(...RUN_FOLDER)
    .option('--preset <name>', 'compact or tiny: what is not given below', 'compact')
    .option('--sizes <list>', 'longest sides of the views in pixels, one for each stage')
    .option('--epochs <list>', 'epochs of each stage')
    .option('--batch <n>', 'pairs a step')
    .option(...RATES[0])
    .option(...RATES[1])
    .option('--pairs <jsonl>', 'real pairs with known matches, see docs/training.md')
    .option('--pairs-share <share>', 'of real pairs in the batches; 0.3 where there are any')
    .option(...INIT)
    .option(...LIMIT)
    .option('--seed <n>', 'of weights, order, views and light', '1');
  examples(
    courseOptions(matcher).action(async (options) =>
      (await import('../commands/train-matcher.ts')).trainMatcher(options),
    ),
    '--manifest photos.csv --preset tiny --dry-run',
    '--manifest photos.csv --pairs pairs.jsonl --out runs/matcher --resume',
  );

  examples(
    program
      .command('train-reranker')
      .description(
        'train the decision over the five best labels (LightGBM), and export it; resumable',
      )
      .requiredOption(...MANIFEST)
      .option('--out <dir>', 'folder for the table, the model text and the report', 'runs/reranker')
      .option('--python <file>', 'a Python with scripts/requirements.txt', 'python3')
      .option('--table-only', 'make the table and stop')
      .action(async (options) =>
        (await import('../commands/train-reranker.ts')).trainReranker(options),
      ),
    '--manifest photos.csv --python .venv/bin/python',
  );

  examples(
    program
      .command('contact-sheet')
      .description('draw training photos beside what augmentation, or pairing, makes of them')
      .requiredOption(...MANIFEST)
      .requiredOption('--out <file>', 'picture to write, .jpg or .png')
      .option('--preset <name>', 'recipe, light or none', 'recipe')
      .option('--size <pixels>', 'longest side of a picture', '160')
      .option('--photos <n>', 'rows: photos drawn by the seed', '8')
      .option('--draws <n>', 'columns after the first, which is the photo itself; or pairs', '8')
      .option('--pairs', 'pairs that train-matcher learns from, with lines between true matches')
      .option('--seed <n>', 'of photos and draws', '1')
      .action(async (options) =>
        (await import('../commands/contact-sheet.ts')).contactSheet(options),
      ),
    '--manifest photos.csv --out sheet.jpg --photos 4',
  );
}
