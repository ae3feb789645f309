// Commands that make collections, pass them on, and answer searches in them.
import type { Command } from 'commander';
import { ENCODER, examples, JSON_RESULT } from './parts.ts';

export function addCollections(program: Command): void {
  examples(
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
      .option(
        '--views',
        'keep what the matcher needs of some photos of each label, without the photos',
      )
      .option(...ENCODER)
      .option(...JSON_RESULT)
      .action(async (source, options) =>
        (await import('../commands/index.ts')).index(source, options),
      ),
    'photos/ --out mine --name "My town" --views',
    'photos.csv --splits index,train --out mine --json',
    'photos/ --collection postgres://localhost/cairn?collection=mine --prune',
  );

  examples(
    program
      .command('export')
      .description('a collection’s folder → one file, to keep or pass on')
      .argument('<collection>', 'a folder, or the name of one that comes with Cairn')
      .requiredOption('--out <file>', 'file to write, such as mine.cairn')
      .option(...JSON_RESULT)
      .action(async (collection, options) =>
        (await import('../commands/container.ts')).exportCollection(collection, options),
      ),
    'mine --out mine.cairn',
  );

  examples(
    program
      .command('import')
      .description('a collection in one file → its folder')
      .argument('<file>', 'as `cairn export` or the page wrote it')
      .requiredOption('--out <dir>', 'folder to write, not there yet')
      .option(...JSON_RESULT)
      .action(async (file, options) =>
        (await import('../commands/container.ts')).importCollection(file, options),
      ),
    'mine.cairn --out mine',
  );

  examples(
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
      .action(async (options) => (await import('../commands/serve.ts')).serve(options)),
    '--collection mine --port 9000',
    '--collection postgres://localhost/cairn?collection=mine --origin https://photos.example.org',
  );
}
