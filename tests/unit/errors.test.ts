// How messages show what a file holds: short, whatever it is.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shownValue } from '../../src/errors.ts';

describe('a value in a message', () => {
  it.each([
    ['a "text"', '"a \\"text\\""'],
    [null, 'null'],
    [1.5, '1.5'],
    [undefined, 'undefined'],
    [[], '[]'],
    [{}, '{}'],
    [[1, 'a', [true]], '[1,"a",[true]]'],
    [{ a: { b: null } }, '{"a":{"b":null}}'],
    [[[[[1]]]], '[[[…]]]'],
  ])('%j', (value, shown) => expect(shownValue(value)).toBe(shown));

  it('is short, and never too deep to be shown', () => {
    const levels = 50_000;
    const deep = JSON.parse(`${'[{"a":'.repeat(levels)}1${'}]'.repeat(levels)}`) as unknown;
    expect(shownValue(deep)).toBe('[{"a":[…]}]');
    expect(shownValue('x'.repeat(1e6))).toHaveLength(58);
    expect(shownValue(Array.from({ length: 1e6 }, () => 'x'.repeat(100))).length).toBeLessThan(61);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(shownValue(value).length).toBeLessThanOrEqual(60);
      }),
    );
  });
});
