// What a fuzzing target is: where its inputs come from, how they are damaged, what reads them.
import type { ErrorCode } from '../../src/errors.ts';
import type { Bytes } from '../../src/weights/sha256.ts';
import type { Dice } from './dice.ts';

export interface FuzzTarget {
  readonly name: string;
  /** Of the repository: what is tested. */
  readonly reads: readonly string[];
  /** That the parser documents; any other is a fault. */
  readonly codes: readonly ErrorCode[];
  open(): Promise<OpenTarget>;
}

export interface OpenTarget {
  /** Inputs that are whole, and some that are refused; at least one. */
  readonly corpus: readonly Bytes[];
  mutate(input: Bytes, dice: Dice): Bytes;
  /** Puts checksums right again, which would otherwise hide what lies behind them. */
  readonly fix?: (input: Bytes) => Bytes;
  /** Hostile inputs made by hand, too large to be met by chance. */
  readonly bombs?: readonly Bomb[];
  /**
   * Parses, and looks at what came of it with {@link must}. Throws what the parser throws.
   * Takes nothing from anywhere but the input, so that it gives the same again.
   */
  read(input: Bytes): unknown;
  readonly close?: () => Promise<void>;
}

export interface Bomb {
  readonly name: string;
  readonly make: () => Bytes;
}

/** A value that was accepted is not what its type says. */
export class WrongValue extends Error {
  override readonly name = 'WrongValue';
}

export function must(condition: boolean, what: string): void {
  if (!condition) throw new WrongValue(what);
}

export const text = (value: string): Bytes => new TextEncoder().encode(value);
export const json = (value: unknown): Bytes => text(JSON.stringify(value));
