// What several commands have in common: options, and how examples are shown.
import type { Command } from 'commander';

export const MANIFEST = [
  '--manifest <csv...>',
  'photos: path,label[,split][,kind][,source]',
] as const;
export const ENCODER = ['--encoder <id>', 'another encoder of the registry'] as const;
export const JSON_RESULT = ['--json', 'print the result as JSON'] as const;

/** Under the options in --help; tests/unit/commands.test.ts reads them with the commands' own options. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  const shown = lines.map((line) => `  cairn ${command.name()} ${line}\n`).join('');
  return command.addHelpText('after', `\nExamples:\n${shown}`);
}

/** Which matcher; see open-matcher.ts. */
export function matcherOptions(command: Command): Command {
  return command
    .option('--matcher <id>', 'another matcher of the registry than its default')
    .option('--superpoint <file>', 'weights of SuperPoint, with --superglue')
    .option('--superglue <file>', 'weights of SuperGlue, with --superpoint')
    .option(
      '--longest-side <pixels>',
      'pictures are shrunk to it; the matcher’s own when left out',
    );
}

/** What every course of training is told of its backend, its checkpoints and its end. */
export function courseOptions(command: Command): Command {
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
