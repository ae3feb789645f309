// Commands that look at photos, and at this machine.
import type { Command } from 'commander';
import { ENCODER, examples, JSON_RESULT, matcherOptions } from './parts.ts';

export function addRecognition(program: Command): void {
  examples(
    program
      .command('recognize')
      .description('say which landmark each photo shows')
      .argument('<photo...>', 'JPEG, PNG, WebP, HEIC and others: docs/photos.md')
      .option(
        '--collection <name>',
        'one that comes with Cairn, a folder, a .cairn file, postgres://…, or the http(s) address of `cairn serve`',
      )
      .option(...ENCODER)
      .option('--country <codes>', 'only landmarks of these countries: FR,BE')
      .option('--near <lat,lon,km>', 'only landmarks within so many kilometres of a point')
      .option('--json', 'a line of JSON for each photo')
      .action(async (photos, options) =>
        (await import('../commands/recognize.ts')).recognize(photos, options),
      ),
    'photo.jpg another.heic',
    'photo.jpg --near 48.86,2.35,25 --json',
    'photo.jpg --collection mine.cairn',
  );

  examples(
    matcherOptions(program.command('match'))
      .description('what two photos have in common, and which motion of the camera explains it')
      .argument('<a>', 'photo')
      .argument('<b>', 'photo')
      .option('--weights <file>', 'weights of a LoFTR instead of the registry’s')
      .option('--spec <name>', 'of --weights: its size, where the file does not say it')
      .option('--model <kind>', 'homography, fundamental, or the better of both: auto', 'auto')
      .option(...JSON_RESULT)
      .action(async (a, b, options) => (await import('../commands/match.ts')).match(a, b, options)),
    'a.jpg b.jpg',
    'a.jpg b.jpg --model homography --longest-side 640 --json',
  );

  examples(
    program
      .command('doctor')
      .description('what this machine can do, and whether models and collection are whole')
      .option('--json', 'print the findings as JSON')
      .action(async (options) => (await import('../commands/doctor.ts')).doctor(options)),
    '--json',
  );
}
