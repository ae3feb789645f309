// Pickles of tensors, read without executing anything: a closed list of opcodes and of names, no more.
// Opcodes follow CPython's Lib/pickletools.py, protocols 0 to 5 as far as PyTorch writes them.
import { CairnError } from '../errors.ts';

/** A Python tuple; lists are plain arrays. */
export class Tuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A name that the pickle refers to, such as `torch.FloatStorage`; never looked up in anything. */
export class Name {
  constructor(readonly path: string) {}
}

/** What the reader of a pickle made of a call or of a persistent id. */
export abstract class Made {}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Tuple
  | Name
  | Made;

export interface PickleHooks {
  /** Is this name one that may be referred to at all? */
  knows(path: string): boolean;
  /** What a call of a known name gives. Throws `model-invalid` for wrong arguments. */
  call(path: string, args: readonly PickleValue[]): PickleValue;
  /** What a persistent id stands for. Throws `model-invalid`. */
  persistent(id: PickleValue): PickleValue;
}

export function invalidCheckpoint(what: string, options?: ErrorOptions): CairnError {
  return new CairnError(
    'model-invalid',
    `The checkpoint cannot be read: ${what}.`,
    'Save it as a plain state dict, torch.save(model.state_dict(), file), or as safetensors.',
    options,
  );
}

const MARK = Symbol('mark');
type Slot = PickleValue | typeof MARK;

/** Python's integers of any length that a checkpoint may hold; longer ones are no numbers of ours. */
const MAX_LONG_BYTES = 64;

/**
 * Reads one pickle and gives its value and where it ends. Every opcode takes at least a byte and makes at
 * most one value, so that time and memory are bounded by the length of the file.
 * Throws `model-invalid` naming the first opcode or name that is not on the list.
 */
export function readPickle(
  bytes: Uint8Array,
  hooks: PickleHooks,
  start = 0,
): { readonly value: PickleValue; readonly end: number } {
  const machine = new Machine(bytes, hooks, start);
  const value = machine.run();
  return { value, end: machine.at };
}

class Machine {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #hooks: PickleHooks;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array, hooks: PickleHooks, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#hooks = hooks;
    this.at = start;
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#uint(1);
      if (opcode === 0x2e) return this.#pop(); // STOP
      const value = this.#value(opcode);
      if (value !== undefined) this.#stack.push(value);
      else this.#act(opcode);
    }
  }

  /** What an opcode that makes a value makes; undefined for the others. */
  #value(opcode: number): PickleValue | undefined {
    switch (opcode) {
      case 0x4e: // NONE
        return null;
      case 0x88: // NEWTRUE
        return true;
      case 0x89: // NEWFALSE
        return false;
      case 0x4a: // BININT
        return this.#view.getInt32(this.#take(4), true);
      case 0x4b: // BININT1
        return this.#uint(1);
      case 0x4d: // BININT2
        return this.#uint(2);
      case 0x8a: // LONG1
        return this.#long(this.#uint(1));
      case 0x8b: // LONG4
        return this.#long(this.#uint(4));
      case 0x47: // BINFLOAT
        return this.#view.getFloat64(this.#take(8), false);
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING, of Python 2
        return this.#text(this.#uint(1));
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING, of Python 2
        return this.#text(this.#uint(4));
      case 0x8d: // BINUNICODE8
        return this.#text(this.#length8());
      case 0x43: // SHORT_BINBYTES
        return this.#slice(this.#uint(1));
      case 0x42: // BINBYTES
        return this.#slice(this.#uint(4));
      case 0x8e: // BINBYTES8
        return this.#slice(this.#length8());
      case 0x5d: // EMPTY_LIST
        return [];
      case 0x7d: // EMPTY_DICT
        return new Map();
      case 0x29: // EMPTY_TUPLE
        return new Tuple([]);
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return new Tuple(this.#popMany(opcode - 0x84));
      case 0x74: // TUPLE
        return new Tuple(this.#toMark());
      case 0x68: // BINGET
        return this.#get(this.#uint(1));
      case 0x6a: // LONG_BINGET
        return this.#get(this.#uint(4));
      case 0x63: // GLOBAL
        return this.#name(this.#line(), this.#line());
      case 0x93: // STACK_GLOBAL
        return this.#name(...(this.#popMany(2) as [PickleValue, PickleValue]));
      case 0x52: // REDUCE
        return this.#call(...(this.#popMany(2) as [PickleValue, PickleValue]));
      case 0x51: // BINPERSID
        return this.#hooks.persistent(this.#pop());
      default:
        return undefined;
    }
  }

  /** The opcodes that make no value of their own. */
  #act(opcode: number): void {
    switch (opcode) {
      case 0x80: // PROTO
        this.#protocol(this.#uint(1));
        break;
      case 0x95: // FRAME: its length is no concern of a reader that has all bytes
        this.#take(8);
        break;
      case 0x28: // MARK
        this.#stack.push(MARK);
        break;
      case 0x30: // POP
        if (this.#stack.pop() === undefined) throw invalidCheckpoint('its pickle is malformed');
        break;
      case 0x31: // POP_MARK
        this.#toMark();
        break;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        break;
      case 0x65: // APPENDS
        this.#append(this.#toMark());
        break;
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        break;
      case 0x75: // SETITEMS
        this.#setItems(this.#toMark());
        break;
      case 0x71: // BINPUT
        this.#memo.set(this.#uint(1), this.#top());
        break;
      case 0x72: // LONG_BINPUT
        this.#memo.set(this.#uint(4), this.#top());
        break;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        break;
      case 0x62: // BUILD
        this.#build();
        break;
      default:
        throw invalidCheckpoint(
          `its pickle uses the opcode 0x${opcode.toString(16)}, which no state dict needs`,
        );
    }
  }

  /** Moves on by `length` bytes and gives where they begin. */
  #take(length: number): number {
    const begin = this.at;
    if (length > this.#bytes.byteLength - begin) throw invalidCheckpoint('its pickle is cut short');
    this.at = begin + length;
    return begin;
  }

  #uint(length: 1 | 2 | 4): number {
    const begin = this.#take(length);
    if (length === 1) return this.#view.getUint8(begin);
    return length === 2 ? this.#view.getUint16(begin, true) : this.#view.getUint32(begin, true);
  }

  #length8(): number {
    // Lengths over 2^53 lose digits, and are refused as too long all the same.
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  #slice(length: number): Uint8Array {
    const begin = this.#take(length);
    return this.#bytes.subarray(begin, begin + length);
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#slice(length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw invalidCheckpoint('its pickle is cut short');
    const text = this.#text(end - this.at);
    this.at = end + 1;
    return text;
  }

  /** Two's complement, little-endian. */
  #long(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) throw invalidCheckpoint(`it has an integer of ${length} bytes`);
    let value = 0n;
    for (const [i, byte] of this.#slice(length).entries()) value |= BigInt(byte) << BigInt(8 * i);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  #protocol(version: number): void {
    if (version > 5) throw invalidCheckpoint(`its pickle is of the unknown protocol ${version}`);
  }

  #pop(): PickleValue {
    const top = this.#stack.pop();
    if (top === undefined || top === MARK) throw invalidCheckpoint('its pickle is malformed');
    return top;
  }

  #top(): PickleValue {
    const top = this.#stack.at(-1);
    if (top === undefined || top === MARK) throw invalidCheckpoint('its pickle is malformed');
    return top;
  }

  #popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  /** Everything above the last mark, which goes too. */
  #toMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw invalidCheckpoint('its pickle is malformed');
    const above = this.#stack.splice(mark) as PickleValue[];
    return above.slice(1);
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw invalidCheckpoint('its pickle appends to what is no list');
    for (const item of items) list.push(item);
  }

  #setItems(pairs: readonly PickleValue[]): void {
    const map = this.#top();
    if (!(map instanceof Map) || pairs.length % 2 !== 0) {
      throw invalidCheckpoint('its pickle sets items of what is no dict');
    }
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i]!, pairs[i + 1]!);
  }

  #get(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw invalidCheckpoint('its pickle refers to what it has not made');
    return value;
  }

  #name(module: PickleValue, name: PickleValue): Name {
    const path = typeof module === 'string' && typeof name === 'string' ? `${module}.${name}` : '';
    if (path !== '' && this.#hooks.knows(path)) return new Name(path);
    const shown = path.slice(0, 100) || 'a name that is no text';
    throw invalidCheckpoint(`it refers to ${shown}, which is neither tensor nor dict`);
  }

  #call(callee: PickleValue, args: PickleValue): PickleValue {
    if (callee instanceof Name && args instanceof Tuple) {
      return this.#hooks.call(callee.path, args.items);
    }
    throw invalidCheckpoint('its pickle calls what is no name');
  }

  /** The state of an OrderedDict, `_metadata` with versions of modules, is of no use here. */
  #build(): void {
    this.#pop();
    if (!(this.#top() instanceof Map)) {
      throw invalidCheckpoint('its pickle sets the state of what is no dict');
    }
  }
}
