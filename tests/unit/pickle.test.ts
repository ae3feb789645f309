// Pickles, byte by byte: values, memory, and the refusal of everything that could run code.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CairnError } from '../../src/errors.ts';
import { Name, type PickleHooks, readPickle, Tuple } from '../../src/weights/pickle.ts';

const HOOKS: PickleHooks = {
  knows: (path) => path === 'known.thing',
  call: (_, args) => new Tuple(['called', ...args]),
  persistent: (id) => new Tuple(['persistent', id]),
};

/** Bytes of numbers and of texts (as ASCII), one after the other. */
function pickle(...parts: (number | string)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'number' ? [part] : [...new TextEncoder().encode(part)],
    ),
  );
}
const read = (...parts: (number | string)[]) => readPickle(pickle(...parts), HOOKS).value;
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'model-invalid', message: expect.stringMatching(message) });

describe('values', () => {
  test.each<[string, (number | string)[], unknown]>([
    ['None', ['N.'], null],
    ['True', [0x88, '.'], true],
    ['False', [0x89, '.'], false],
    ['a negative int', ['J', 0xfe, 0xff, 0xff, 0xff, '.'], -2],
    ['an int of one byte', ['K', 200, '.'], 200],
    ['an int of two bytes', ['M', 1, 2, '.'], 513],
    ['a long that fits', [0x8a, 2, 0xff, 0xff, '.'], -1],
    ['an empty long', [0x8a, 0, '.'], 0],
    ['a long that does not fit', [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, '.'], 2n ** 64n],
    ['a float', ['G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, '.'], 1.5],
    ['a short text', [0x8c, 2, 'hi', '.'], 'hi'],
    ['a text', ['X', 3, 0, 0, 0, 'é!', '.'], 'é!'],
    ['bytes', ['C', 1, 7, '.'], Uint8Array.of(7)],
    ['a list', [']', '(', 'K', 1, 'K', 2, 'e.'], [1, 2]],
    ['a dict', ['}', '(', 'K', 1, 'N', 'u.'], new Map([[1, null]])],
    ['a tuple', ['K', 1, 'K', 2, 0x86, '.'], new Tuple([1, 2])],
    ['a marked tuple', ['(', 'K', 1, 't.'], new Tuple([1])],
    ['what was kept', ['K', 5, 'q', 0, '0', 'h', 0, '.'], 5],
    ['what was memoised', [0x80, 4, 0x8c, 1, 'a', 0x94, 'h', 0, 0x86, '.'], new Tuple(['a', 'a'])],
    ['a known name', ['cknown\nthing\n.'], new Name('known.thing')],
    ['a call', ['cknown\nthing\n', 'K', 3, 0x85, 'R.'], new Tuple(['called', 3])],
    ['a persistent id', ['K', 4, 'Q.'], new Tuple(['persistent', 4])],
  ])('%s', (_, parts, value) => expect(read(...parts)).toEqual(value));

  test('ends where it ends, and may begin anywhere', () => {
    const bytes = pickle('xxK', 9, '.rest');
    expect(readPickle(bytes, HOOKS, 2)).toEqual({ value: 9, end: 5 });
  });
});

describe('refusals', () => {
  test.each<[string, (number | string)[], RegExp]>([
    ['a name by GLOBAL', ['cos\nsystem\n.'], /refers to os\.system/],
    ['a name by STACK_GLOBAL', [0x8c, 2, 'os', 0x8c, 6, 'system', 0x93, '.'], /os\.system/],
    ['a name made of other things', ['NN', 0x93, '.'], /no text/],
    ['INST', ['(ios\nsystem\n.'], /opcode 0x69/],
    ['OBJ', ['(o.'], /opcode 0x6f/],
    ['NEWOBJ', ['cknown\nthing\n)', 0x81, '.'], /opcode 0x81/],
    ['EXT1', [0x82, 1, '.'], /opcode 0x82/],
    ['a call of no name', ['K', 1, ')R.'], /calls what is no name/],
    ['BUILD of what is no dict', ['cknown\nthing\n)R}b.'], /state of what is no dict/],
    ['protocol 6', [0x80, 6, 'N.'], /protocol 6/],
    ['an end without STOP', ['N'], /cut short/],
    ['STOP without a value', ['.'], /malformed/],
    ['a text longer than the file', ['X', 0xff, 0xff, 0xff, 0xff, 'a.'], /cut short/],
    ['a text of 2^64 bytes', [0x8d, ...Array<number>(8).fill(0xff), '.'], /cut short/],
    ['a long of a megabyte', [0x8b, 0, 0, 16, 0, '.'], /integer of 1048576 bytes/],
    ['memory that was never set', ['h', 3, '.'], /has not made/],
    ['a mark as a value', ['(.'], /malformed/],
    ['items of a list', [']NNs.'], /no dict/],
  ])('%s', (_, parts, message) => expect(() => read(...parts)).toThrow(refusal(message)));

  test('a list nested a hundred thousand times is read without recursion', () => {
    const parts = Array<string>(100_000).fill(']').join('');
    expect(read(parts, 'a'.repeat(99_999), '.')).toHaveLength(1);
  });

  test('any bytes give a value or model-invalid', () => {
    const opcodes = fc.constantFrom(...pickle('NJKMGXC]}()tqhcRQbasu.(', 0x85, 0x86, 0x8c, 0x94));
    const bytes = fc.array(fc.oneof(opcodes, fc.integer({ min: 0, max: 255 })), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, (numbers) => {
        try {
          readPickle(Uint8Array.from(numbers), HOOKS);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CairnError);
          expect(thrown).toMatchObject({ code: 'model-invalid' });
        }
      }),
      { numRuns: 3000 },
    );
  });
});
