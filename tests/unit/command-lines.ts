// Says what is wrong with a command that a document shows: scripts, files, commands and flags must exist.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program/program.ts';
import { ROOT } from './documents.ts';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

/** Of a system, not of this repository. */
const PLAIN = new Set('cd cp find git mkdir rsync xargs'.split(' '));

/** null where nothing is wrong. `loose`: a mention, which need not have all that the command needs. */
export function faultOf(words: readonly string[], loose = false): string | null {
  const [head = '', ...rest] = words;
  if (head === 'npm') return npmFault(rest, loose);
  if (head === 'npx') return npxFault(rest);
  if (head === 'cairn') return cairnFault(rest, loose);
  if (head === 'python' || head === 'python3') return fileFault(rest[0] ?? '');
  if (/^(\.\/)?scripts\/.*\.sh$/.test(head)) return fileFault(head, 0o100);
  return PLAIN.has(head) ? null : `"${head}" is not known`;
}

function npmFault([verb = '', ...rest]: readonly string[], loose: boolean): string | null {
  if (verb === 'test' || verb === 'start') return verb in scripts ? null : `no npm ${verb}`;
  if (verb !== 'run')
    return /^(ci|install|pack|audit|sbom|version|view|outdated)$/.test(verb) ? null : `npm ${verb}`;
  const [name = '', ...given] = rest.filter((word) => word !== '--silent');
  const script = scripts[name];
  if (script === undefined) return `package.json has no script "${name}"`;
  const args = given[0] === '--' ? given.slice(1) : given;
  if (given.length > 0 && given[0] !== '--') return `what is for ${name} must stand behind --`;
  const [, cairn = null] = /^tsx src\/cli\/main\.ts ?(.*)$/.exec(script) ?? [];
  if (cairn !== null) return cairnFault([...cairn.split(' ').filter(Boolean), ...args], loose);
  const [, file] = /^tsx (\S+)$/.exec(script) ?? [];
  return file === undefined ? null : flagsFault(file, args);
}

function npxFault([tool = '', file = '', ...args]: readonly string[]): string | null {
  if (tool === 'tsx') return fileFault(file) ?? flagsFault(file, args);
  if (!existsSync(join(ROOT, 'node_modules/.bin', tool))) return `npx ${tool} is not installed`;
  if (tool !== 'vitest') return null;
  const missing = args.find((word) => word.endsWith('.test.ts') && !existsSync(join(ROOT, word)));
  return missing === undefined ? null : `${missing} does not exist`;
}

/** Scripts read their flags by name. */
function flagsFault(file: string, args: readonly string[]): string | null {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const flags = args.flatMap((word) => /^\[?--([a-z][a-z-]*)/.exec(word)?.[1] ?? []);
  const unknown = flags.find((flag) => !new RegExp(`['"\`]?(--)?\\b${flag}\\b['"\`]?`).test(text));
  return unknown === undefined ? null : `${file} does not know --${unknown}`;
}

function fileFault(path: string, mode = 0): string | null {
  if (!existsSync(join(ROOT, path))) return `${path} does not exist`;
  return (statSync(join(ROOT, path)).mode & mode) === mode ? null : `${path} cannot be run`;
}

/** With the command line's own parser; nothing is run. */
function cairnFault(words: readonly string[], loose: boolean): string | null {
  const [name = '', ...given] = words;
  const program = createProgram();
  if (name.startsWith('-')) return name === '--help' ? null : `cairn has no ${name}`;
  const wanted = name === 'help' ? (given[0] ?? 'help') : name;
  if (wanted === 'help' || (loose && wanted === '')) return null;
  const command = program.commands.find((each) => each.name() === wanted);
  if (!command) return `cairn has no command ${wanted}`;
  if (name === 'help') return null;
  // Brackets and the like of a mention are not of the shell.
  const args = loose ? given.map((word) => word.replace(/^\[|\]$/g, '')) : given;
  return args.includes('--help') ? null : argumentsFault(command, args, loose);
}

function argumentsFault(command: Command, args: readonly string[], loose: boolean): string | null {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  // A mention such as `cairn export-onnx --size` leaves the value out.
  const bare = loose && args.at(-1)?.startsWith('--') ? args.slice(0, -1) : args;
  const last = args.at(-1) ?? '';
  if (bare !== args && !command.options.some(({ long }) => long === last)) {
    return `cairn ${command.name()} has no ${last}`;
  }
  try {
    const { operands, unknown } = command.parseOptions([...bare]);
    if (unknown.length > 0) return `cairn ${command.name()} has no ${unknown[0]}`;
    if (loose) return null;
    const missing = command.options.find(
      (option) => option.mandatory && command.getOptionValue(option.attributeName()) === undefined,
    );
    if (missing) return `cairn ${command.name()} needs ${missing.long}`;
    const wanted = command.registeredArguments;
    const least = wanted.filter(({ required }) => required).length;
    const most = wanted.some(({ variadic }) => variadic) ? Infinity : wanted.length;
    const fits = operands.length >= least && operands.length <= most;
    return fits ? null : `cairn ${command.name()} takes other arguments than ${operands.join(' ')}`;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}
