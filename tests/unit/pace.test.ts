// The time that is left, told from the pace of late.
import { expect, it } from 'vitest';
import { leftText, Pace } from '../../src/cli/pace.ts';

it('says nothing before it knows a pace, and nothing at the end', () => {
  const pace = new Pace();
  expect(pace.left(0, 1, 100)).toBeNull();
  expect(pace.left(2, 3, 100)).toBeNull();
  expect(pace.left(10, 11, 100)).toBe(89);
  expect(pace.left(99, 100, 100)).toBeNull();
});

it('forgets a fast beginning, as photos from the cache are', () => {
  const pace = new Pace();
  for (let done = 1; done <= 1000; done++) pace.left(done / 1000, done, 2000);
  let left: number | null = null;
  for (let done = 1001; done <= 1100; done++) left = pace.left(1 + 2 * (done - 1000), done, 2000);
  expect(left).toBeCloseTo(2 * 900, 0);
});

it('still knows a pace where a step takes minutes', () => {
  const pace = new Pace();
  let left: number | null = null;
  for (let done = 1; done <= 20; done++) left = pace.left(300 * done, done, 30);
  expect(left).toBe(3000);
});

it('is told in a unit that fits', () => {
  expect([12, 89, 90, 5399, 5400, 36_000, 900_000].map(leftText)).toEqual([
    'about 12 s left',
    'about 89 s left',
    'about 2 min left',
    'about 90 min left',
    'about 1.5 h left',
    'about 10 h left',
    'about 250 h left',
  ]);
});
