#!/usr/bin/env node
// The command line: names and options only; each command is a file in commands/.
import { Command } from 'commander';
import { reportFailure } from './output.ts';

const program = new Command('cairn')
  .description('Landmark recognition that runs on your own machine.')
  .exitOverride();

const manifest = ['--manifest <csv...>', 'photos: path,label[,split][,kind][,source]'] as const;

program
  .command('recognize')
  .description('say which landmark each photo shows')
  .argument('<photo...>')
  .option(
    '--collection <name>',
    'one that comes with Cairn, a folder, a .cairn file, postgres://…, or the http(s) address of `cairn serve`',
  )
  .option('--encoder <id>', 'another encoder of the registry')
  .option('--country <codes>', 'only landmarks of these countries: FR,BE')
  .option('--near <lat,lon,km>', 'only landmarks within so many kilometres of a point')
  .option('--json', 'a line of JSON for each photo')
  .action(async (photos, options) =>
    (await import('./commands/recognize.ts')).recognize(photos, options),
  );

/** Which matcher; see open-matcher.ts. */
function matcherOptions(command: Command): Command {
  return command
    .option('--matcher <id>', 'another matcher of the registry than its default')
    .option('--superpoint <file>', 'weights of SuperPoint, with --superglue')
    .option('--superglue <file>', 'weights of SuperGlue, with --superpoint')
    .option(
      '--longest-side <pixels>',
      'pictures are shrunk to it; the matcher’s own when left out',
    );
}

matcherOptions(program.command('match'))
  .description('what two photos have in common, and which motion of the camera explains it')
  .argument('<a>', 'photo')
  .argument('<b>', 'photo')
  .option('--weights <file>', 'weights of a LoFTR instead of the registry’s')
  .option('--spec <name>', 'of --weights: its size, where the file does not say it')
  .option('--model <kind>', 'homography, fundamental, or the better of both: auto', 'auto')
  .option('--json', 'print the result as JSON')
  .action(async (a, b, options) => (await import('./commands/match.ts')).match(a, b, options));

program
  .command('index')
  .description('build a collection from a folder per label, or from a manifest')
  .argument(
    '<source>',
    'folder, or CSV: path,label[,split][,lat,lon][,source][,licence]; of --collection also a collection’s folder',
  )
  .option('--out <dir>', 'folder of the collection; or --collection')
  .option(
    '--collection <address>',
    'postgres://…[?collection=NAME]: start it several times, and the photos are shared out',
  )
  .option('--prune', 'of --collection: take out photos that SOURCE no longer has')
  .option(
    '--lease <seconds>',
    'of --collection: photos of a worker that died are free after so long',
    '60',
  )
  .option('--name <name>', 'its name; the folder’s when left out')
  .option('--splits <list>', 'only these splits of the manifest, separated by commas')
  .option('--min-photos <n>', 'leave out labels with fewer photos', '1')
  .option('--labels <file>', 'table of facts on labels, JSON')
  .option('--licence <text>', 'licence of the collection', 'unstated')
  .option('--attribution <text>', 'whom to credit', '')
  .option('--created <date>', 'ISO 8601; now when left out')
  .option('--views', 'keep what the matcher needs of some photos of each label, without the photos')
  .option('--encoder <id>', 'another encoder of the registry')
  .option('--json', 'print the result as JSON')
  .action(async (source, options) => (await import('./commands/index.ts')).index(source, options));

program
  .command('export')
  .description('a collection’s folder → one file, to keep or pass on')
  .argument('<collection>', 'a folder, or the name of one that comes with Cairn')
  .requiredOption('--out <file>', 'file to write, such as mine.cairn')
  .option('--json', 'print the result as JSON')
  .action(async (collection, options) =>
    (await import('./commands/container.ts')).exportCollection(collection, options),
  );

program
  .command('import')
  .description('a collection in one file → its folder')
  .argument('<file>', 'as `cairn export` or the page wrote it')
  .requiredOption('--out <dir>', 'folder to write, not there yet')
  .option('--json', 'print the result as JSON')
  .action(async (file, options) =>
    (await import('./commands/container.ts')).importCollection(file, options),
  );

program
  .command('serve')
  .description('answer searches in a collection over HTTP, until it is stopped')
  .option(
    '--collection <name>',
    'one that comes with Cairn, a folder, a .cairn file, or postgres://…[?collection=NAME]',
  )
  .option(
    '--host <address>',
    'where to listen; other machines reach only what is no loopback',
    '127.0.0.1',
  )
  .option('--port <n>', '0 takes a free one', '8787')
  .option('--rate <n>', 'requests a second of one client; twice as many at once', '20')
  .option('--origin <origin...>', 'pages that may ask, such as https://photos.example.org')
  .action(async (options) => (await import('./commands/serve.ts')).serve(options));

program
  .command('evaluate')
  .description('score queries against a gallery, stage by stage')
  .requiredOption(...manifest)
  .option('--gallery <csv...>', 'manifests of the gallery; the same when left out')
  .option('--gallery-splits <list>', 'splits of the gallery', 'index,train')
  .option('--query-split <split>', 'split of the queries', 'query')
  .option('--split <name>', '`validation`: gallery and queries of the validation protocol')
  .option('--encoder <id>', 'another encoder of the registry')
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
  .action(async (options) => (await import('./commands/evaluate.ts')).evaluate(options));

/** What every course of training is told of its backend, its checkpoints and its end. */
function courseOptions(command: Command): Command {
  return command
    .option('--backend <name>', 'auto, webgpu, wasm or cpu', 'auto')
    .option('--software', 'let --backend webgpu be an adapter that computes on the CPU')
    .option('--validate-every <n>', 'epochs between two validations; 0 validates never', '0')
    .option('--patience <n>', 'end after so many validations without a better one; 0 never', '0')
    .option('--save-every <n>', 'steps between two checkpoints', '100')
    .option('--stop-after <steps>', 'end after so many steps in all, to go on with --resume')
    .option('--resume', 'go on from the checkpoint in the folder')
    .option('--dry-run', 'print what it would cost, and train nothing')
    .option('--json', 'the last line is JSON in any case; accepted for symmetry');
}

courseOptions(
  program
    .command('train')
    .description('train an encoder on photos; resumable')
    .requiredOption(...manifest)
    .requiredOption('--arch <name>', 'efficientnet-lite, swin, se-resnet or nfnet')
    .option('--spec <name>', 'its size; compact when left out')
    .option(
      '--out <dir>',
      'folder of the run: checkpoint, weights, log, curves; a new one in runs/',
    )
    .option('--preset <name>', 'recipe, compact or tiny: what is not given below', 'compact')
    .option(
      '--loss <name>',
      'softmax, arcface, cosface, adacos, curricularface, subcentre-arcface or triplet',
    )
    .option('--sizes <list>', 'longest sides of the images in pixels, one for each stage')
    .option('--epochs <list>', 'epochs of each stage')
    .option('--batch <n>', 'images a step, over all processes')
    .option('--lr <rate>', 'peak learning rate')
    .option('--weight-decay <rate>', 'decoupled decay of weights')
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
    .option('--init <file>', 'weights to start from, safetensors or .pth')
    .option('--trains <what>', 'all, head or last-stage', 'all')
    .option('--frozen-norms', 'batch norms keep their statistics: for tuning, or small batches')
    .option('--limit <photos>', 'use only so many photos, of all classes alike')
    .option('--seed <n>', 'of weights, order and augmentation', '1')
    .option('--processes <n>', 'processes that share each batch', '1'),
).action(async (options) => (await import('./commands/train.ts')).train(options));

courseOptions(
  program
    .command('train-matcher')
    .description('train our own LoFTR on pairs made of single photos; resumable')
    .requiredOption(...manifest)
    .option('--spec <name>', 'its size', 'compact')
    .option(
      '--out <dir>',
      'folder of the run: checkpoint, weights, log, curves; a new one in runs/',
    )
    .option('--preset <name>', 'compact or tiny: what is not given below', 'compact')
    .option('--sizes <list>', 'longest sides of the views in pixels, one for each stage')
    .option('--epochs <list>', 'epochs of each stage')
    .option('--batch <n>', 'pairs a step')
    .option('--lr <rate>', 'peak learning rate')
    .option('--weight-decay <rate>', 'decoupled decay of weights')
    .option('--pairs <jsonl>', 'real pairs with known matches, see docs/training.md')
    .option('--pairs-share <share>', 'of real pairs in the batches; 0.3 where there are any')
    .option('--init <file>', 'weights to start from, safetensors or .pth')
    .option('--limit <photos>', 'use only so many photos, of all classes alike')
    .option('--seed <n>', 'of weights, order, views and light', '1'),
).action(async (options) => (await import('./commands/train-matcher.ts')).trainMatcher(options));

program
  .command('train-reranker')
  .description('train the decision over the five best labels (LightGBM), and export it; resumable')
  .requiredOption(...manifest)
  .option('--out <dir>', 'folder for the table, the model text and the report', 'runs/reranker')
  .option('--python <file>', 'a Python with scripts/requirements.txt', 'python3')
  .option('--table-only', 'make the table and stop')
  .action(async (options) => (await import('./commands/train-reranker.ts')).trainReranker(options));

program
  .command('contact-sheet')
  .description('draw training photos beside what augmentation, or pairing, makes of them')
  .requiredOption(...manifest)
  .requiredOption('--out <file>', 'picture to write, .jpg or .png')
  .option('--preset <name>', 'recipe, light or none', 'recipe')
  .option('--size <pixels>', 'longest side of a picture', '160')
  .option('--photos <n>', 'rows: photos drawn by the seed', '8')
  .option('--draws <n>', 'columns after the first, which is the photo itself; or pairs', '8')
  .option('--pairs', 'pairs that train-matcher learns from, with lines between true matches')
  .option('--seed <n>', 'of photos and draws', '1')
  .action(async (options) => (await import('./commands/contact-sheet.ts')).contactSheet(options));

program
  .command('ablate')
  .description('compare poolings and losses on frozen features, by validation alone; resumable')
  .requiredOption(...manifest)
  .option('--seeds <n>', 'runs of each pooling with each loss', '3')
  .option('--epochs <n>', 'of each run')
  .option('--size <pixels>', 'longest side of the photos', '224')
  .option('--out <file>', 'results as they come, JSON lines; runs that are there are not repeated')
  .option('--json', 'print the table as JSON')
  .action(async (options) => (await import('./commands/ablate.ts')).ablate(options));

program
  .command('import-weights')
  .description('a published checkpoint (.pth, .pt, .ckpt, .safetensors) → weights by our names')
  .argument('<file>')
  .requiredOption(
    '--arch <name>',
    'efficientnet-lite, swin, se-resnet, nfnet, loftr, superpoint or superglue',
  )
  .option('--spec <name>', 'its size; the first of its table when left out')
  .requiredOption('--out <file>', 'safetensors file to write')
  .option('--fp16', 'in half precision')
  .option('--partial', 'write what fits although parameters are missing')
  .action(async (file, options) =>
    (await import('./commands/import-weights.ts')).importWeights(file, options),
  );

program
  .command('export-onnx')
  .description('the ONNX file of an encoder of the registry, or of a network ARCH/SPEC')
  .requiredOption('--model <id>', 'an encoder of the registry, or ARCH/SPEC')
  .requiredOption('--out <file>', 'file to write')
  .option('--weights <file>', 'of ARCH/SPEC: its weights, safetensors or .pth')
  .option('--random', 'of ARCH/SPEC: weights that mean nothing')
  .option('--size <pixels>', 'SIDE or WIDTHxHEIGHT; free where the network allows it')
  .option('--fp16', 'in half precision')
  .action(async (options) => (await import('./commands/export-onnx.ts')).exportOnnx(options));

program
  .command('doctor')
  .description('what this machine can do, and whether models and collection are whole')
  .option('--json', 'print the findings as JSON')
  .action(async (options) => (await import('./commands/doctor.ts')).doctor(options));

matcherOptions(program.command('bench'))
  .description('benchmarks: encode, index, match, postgres, recognize, rerank')
  .argument('<what>')
  .option('--n <n>', 'runs; of `index` and `postgres`, rows')
  .option('--dim <n>', 'of `index` and `postgres`: length of the vectors', '512')
  .option('--collection <address>', 'of `postgres`: postgres://…; a private one when left out')
  .option('--model <name>', 'of `encode`: a network alone, ARCH/SPEC; of `rerank`: a model text')
  .option('--weights <file>', 'of `encode --model`: its weights, random when left out; of `match`')
  .option('--spec <name>', 'of `match`: the size of --weights, or of --random')
  .option('--random', 'of `match`: weights that mean nothing, for times alone')
  .option('--photos <dir>', 'of `match`: a folder of eleven photos; drawn scenes when left out')
  .option('--size <pixels>', 'of `encode --model`: SIDE or WIDTHxHEIGHT', '224')
  .option('--threads <list>', 'of `encode --model`: thread counts, separated by commas', '1,2')
  .option('--beside <onnx>', 'of `encode --model`: another ONNX file, measured in turns with ours')
  .option('--json', 'benchmarks always print JSON; accepted for symmetry')
  .action(async (what, options) => (await import('./commands/bench.ts')).bench(what, options));

program
  .command('split')
  .description('draw the validation protocol, once')
  .requiredOption(...manifest)
  .option('--force', 'draw it again although it exists')
  .action(async (options) => (await import('./commands/split.ts')).split(options));

program
  .command('fit')
  .description('fit whitening, bank and decision of every encoder; writes models/')
  .requiredOption(...manifest)
  .option('--only <id...>', 'only these encoders and ensembles; the others stay as they are')
  .option('--keep-whitening', 'only decisions: embeddings and collections stay as they are')
  .action(async (options) => (await import('./commands/fit.ts')).fit(options));

program
  .command('tune')
  .description('curves of the re-ranking constants on the validation split')
  .requiredOption(...manifest)
  .option('--rounds <n>', 'times over all constants', '2')
  .option('--curves <file>', 'draw the curves of the last round into this SVG')
  .action(async (options) => (await import('./commands/tune.ts')).tune(options));

try {
  await program.parseAsync();
  process.exit(process.exitCode ?? 0);
} catch (thrown) {
  // Commander has said what is wrong; help and version are no failures.
  const code = (thrown as { code?: unknown }).code;
  if (typeof code === 'string' && code.startsWith('commander.')) {
    process.exit((thrown as { exitCode?: number }).exitCode === 0 ? 0 : 2);
  }
  process.exit(reportFailure(thrown));
}
