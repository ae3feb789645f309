// The help of every command is complete, its examples can be typed, and the README names exactly these commands.
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program/program.ts';
import { faultOf } from './command-lines.ts';
import { readDocument } from './documents.ts';
import { commandsOf } from './shell-lines.ts';

const COMMANDS = createProgram().commands;

/** What `--help` prints. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

const examplesOf = (command: Command) =>
  (helpOf(command).split('\nExamples:\n')[1] ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '');

describe.each(COMMANDS.map((command) => [command.name(), command] as const))(
  'cairn %s',
  (_, command) => {
    it('says what it does, and what each argument and option means', () => {
      expect(command.description()).toMatch(/\w/);
      for (const { description } of command.registeredArguments) expect(description).toMatch(/\w/);
      for (const { flags, description } of command.options)
        expect(description, flags).toMatch(/\w/);
    });

    it('shows examples that its own parser takes', () => {
      const examples = examplesOf(command);
      expect(examples.length).toBeGreaterThan(0);
      const faults = examples.flatMap((line) =>
        commandsOf(line).flatMap((words) => faultOf(words) ?? []),
      );
      expect(faults).toEqual([]);
      expect(examples.every((line) => line.startsWith(`  cairn ${command.name()} `))).toBe(true);
    });
  },
);

describe('the README', () => {
  it('names exactly the commands that there are', () => {
    const [, table = ''] =
      /\| command +\|[^\n]*\n\|[- |]+\|\n((?:\|[^\n]*\n)+)/.exec(readDocument('README.md')) ?? [];
    const cells = table.split('\n').map((row) => row.split('|')[1] ?? '');
    const named = cells.flatMap((cell) =>
      [...cell.matchAll(/`([a-z-]+)/g)].map(([, name]) => name),
    );
    expect(named.toSorted()).toEqual(COMMANDS.map((command) => command.name()).toSorted());
  });
});

describe('a command that a document shows', () => {
  it.each([
    ['npm run biuld', 'has no script "biuld"'],
    ['npm run bundle --json', 'must stand behind --'],
    ['npm run bundle -- --jsno', 'does not know --jsno'],
    ['npm run --silent cairn -- recognise a.jpg', 'has no command recognise'],
    ['cairn recognize', 'takes other arguments'],
    ['cairn recognize a.jpg --colection x', 'has no --colection'],
    ['cairn export mine', 'needs --out'],
    ['cairn match a.jpg b.jpg c.jpg', 'takes other arguments'],
    ['cairn serve --port', 'argument missing'],
    ['npx tsx scripts/nowhere.ts', 'does not exist'],
    ['npx nothing', 'is not installed'],
    ['npx vitest run tests/unit/nowhere.test.ts', 'does not exist'],
    ['rm -rf x', 'is not known'],
  ])('%s: is told what is wrong', (line, fault) => {
    expect(commandsOf(line).map((words) => faultOf(words))).toEqual([
      expect.stringContaining(fault),
    ]);
  });

  it('is taken apart as a shell does', () => {
    const text = `U='a b' npm start && cairn serve --origin "https://a.example" # all of it
      CAIRN_CONNECT="https://a.example https://b.example" npm run build > log
      cairn match a.jpg \\
        'b c.jpg' | cat`;
    expect(commandsOf(text)).toEqual([
      ['npm', 'start'],
      ['cairn', 'serve', '--origin', 'https://a.example'],
      ['npm', 'run', 'build'],
      ['cairn', 'match', 'a.jpg', 'b c.jpg'],
      ['cat'],
    ]);
  });
});
