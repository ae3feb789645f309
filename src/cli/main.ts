#!/usr/bin/env node
// The command line: names and options only; each command is a file in commands/.
import { Command } from 'commander';
import { reportFailure } from './output.ts';

const program = new Command('cairn')
  .description('Landmark recognition that runs on your own machine.')
  .showHelpAfterError()
  .exitOverride();

const manifest = ['--manifest <csv...>', 'photos: path,label[,split][,kind][,source]'] as const;

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
  .action(async (options) => (await import('./commands/fit.ts')).fit(options));

program
  .command('tune')
  .description('curves of the re-ranking constants on the validation split')
  .requiredOption(...manifest)
  .option('--rounds <n>', 'times over all constants', '2')
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
