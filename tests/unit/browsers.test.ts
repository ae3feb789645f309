// What npm run browsers calls a difference between browsers.
import { describe, expect, it } from 'vitest';
import type { SeenPhoto } from '../../scripts/browsers/in-page.ts';
import { otherwise } from '../../scripts/browsers/otherwise.ts';

const seen = (some: Partial<SeenPhoto> = {}): SeenPhoto => ({
  name: 'a.jpg',
  state: 'done',
  label: 'tower',
  error: null,
  candidates: ['The Tower0.83', 'The Gate0.41'],
  ...some,
});
const failed = (error: string) => seen({ state: 'failed', label: null, error, candidates: [] });

describe('a photo in two browsers', () => {
  it('is no difference where all is the same, or nothing to compare with', () => {
    expect(otherwise([seen()], [seen()])).toEqual([]);
    expect(otherwise([], [seen()])).toEqual([]);
  });

  it.each([
    ['a last digit', seen({ candidates: ['The Tower0.82'] }), false],
    ['a similarity', seen({ candidates: ['The Tower0.44'] }), true],
    ['another label', seen({ label: 'gate' }), true],
    ['an error', failed('usage'), true],
  ])('differs by %s', (_, here, serious) => {
    expect(otherwise([seen()], [here])).toMatchObject([{ photo: 'a.jpg', serious }]);
  });

  it('is not seriously different where one browser shows what it can of a damaged one', () => {
    const [difference] = otherwise([failed('photo-corrupt')], [seen({ label: null })]);
    expect(difference).toMatchObject({ serious: false });
    expect(otherwise([failed('photo-corrupt')], [failed('internal')])[0]?.serious).toBe(true);
  });
});
