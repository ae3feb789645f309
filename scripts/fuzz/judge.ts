// The oracle: a value as its type says, or a CairnError with a code that the parser documents; anything else is a fault.
import { getHeapStatistics } from 'node:v8';
import { CairnError } from '../../src/errors.ts';
import type { Bytes } from '../../src/weights/sha256.ts';
import type { FuzzTarget, OpenTarget } from './target.ts';

export interface Bounds {
  /** Of the processor, for one input, measured afterwards: what else the machine does is left out. */
  readonly milliseconds: number;
  /** By which memory outside the heap may have grown after one input. */
  readonly bytes: number;
}
export const BOUNDS: Bounds = { milliseconds: 2000, bytes: 256 << 20 };
/** A message that repeats what a file says ends somewhere. */
const MOST_MESSAGE = 2000;

export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly code: string }
  | {
      readonly kind: 'fault';
      readonly what: string;
      /** Equal for faults of one place. */
      readonly signature: string;
    };

/** Parses one input and judges what came of it. Never throws. */
export async function judge(
  target: Pick<FuzzTarget, 'codes'>,
  open: Pick<OpenTarget, 'read'>,
  input: Bytes,
  bounds: Bounds = BOUNDS,
): Promise<Outcome> {
  const before = getHeapStatistics().external_memory;
  const start = process.cpuUsage();
  const outcome = await outcomeOf(target, open, input);
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000;
  const grown = getHeapStatistics().external_memory - before;
  const polluted = pollution();
  if (polluted) return fault(`${polluted} was changed`, 'pollution');
  if (outcome.kind === 'fault') return outcome;
  if (milliseconds > bounds.milliseconds)
    return fault(`took ${Math.round(milliseconds)} ms`, 'slow');
  if (grown > bounds.bytes) return fault(`holds ${grown} bytes`, 'memory');
  return outcome;
}

async function outcomeOf(
  { codes }: Pick<FuzzTarget, 'codes'>,
  open: Pick<OpenTarget, 'read'>,
  input: Bytes,
): Promise<Outcome> {
  try {
    const value = open.read(input);
    if (value instanceof Promise) await value;
    return { kind: 'accepted' };
  } catch (thrown) {
    if (!(thrown instanceof CairnError)) return fault(...shown(thrown));
    const { code, message, remedy } = thrown;
    if (!codes.includes(code)) return fault(`${code}: ${message.slice(0, 500)}`, `code ${code}`);
    if (message === '' || remedy === '') return fault('an error without words', 'no words');
    if (message.length > MOST_MESSAGE || remedy.length > MOST_MESSAGE) {
      const sense = message.slice(0, 60).replace(/[^A-Za-z ].*/s, '');
      return fault(`a message of ${message.length} characters: ${sense}`, `long message: ${sense}`);
    }
    return { kind: 'refused', code };
  }
}

function fault(what: string, signature: string): Outcome {
  return { kind: 'fault', what, signature };
}

/** What was thrown, and where in the sources. */
function shown(thrown: unknown): [what: string, signature: string] {
  if (!(thrown instanceof Error)) return [`threw ${String(thrown)}`, 'no error'];
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /\/src\//.test(line));
  const where = /\/(src\/[^\s)]*)/.exec(frames[0] ?? '')?.[1] ?? 'unknown place';
  const what = `${thrown.name}: ${thrown.message.slice(0, 300)} (${where})`;
  return [what, `${thrown.name} ${where} ${thrown.name === 'WrongValue' ? thrown.message : ''}`];
}

const GUARDED = { Object, Array, Function, String, Number, Map, Uint8Array, Promise };
const KEYS = new Map(
  Object.entries(GUARDED).map(([name, { prototype }]) => [name, Reflect.ownKeys(prototype).length]),
);

/** The name of a built-in whose prototype has gained or lost something. */
function pollution(): string | undefined {
  return Object.entries(GUARDED).find(
    ([name, { prototype }]) => Reflect.ownKeys(prototype).length !== KEYS.get(name),
  )?.[0];
}
