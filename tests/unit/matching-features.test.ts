// What the matcher keeps and shares: features by ids within a limit, pictures on one canvas, sessions let go.
import { expect, test } from 'vitest';
import { FeatureCache } from '../../src/inference/feature-cache.ts';
import { loadAll, type MatchingNetwork } from '../../src/inference/matching-network.ts';
import { pairRunner } from '../../src/inference/pair-runner.ts';
import type { MatchingPicture } from '../../src/matching/picture.ts';

test('the features used last stay, within the limit', () => {
  const cache = new FeatureCache<{ bytes: number; name: string }>(10);
  const put = (name: string, bytes: number) => cache.put(name, { name, bytes });
  const has = (name: string) => cache.get(name)?.name === name;
  put('a', 4);
  put('b', 4);
  expect(has('a')).toBe(true);
  put('c', 4);
  expect([has('a'), has('b'), has('c')]).toEqual([true, false, true]);
  // Put again, a picture counts once.
  put('c', 6);
  expect([has('a'), has('c')]).toEqual([true, true]);
  cache.forget('a');
  put('d', 4);
  expect([has('c'), has('d')]).toEqual([true, true]);
  // What is larger than the limit does not stay, and drives nothing out.
  put('e', 11);
  expect(['c', 'd', 'e'].map(has)).toEqual([true, true, false]);
  put('f', 10);
  cache.forget();
  expect(has('f')).toBe(false);
});

/** A network whose features are the pictures that it was given. */
function recording(
  seen: MatchingPicture[],
): MatchingNetwork<{ picture: MatchingPicture; bytes: number }> {
  return {
    multiple: 8,
    cell: 8,
    features: async (picture) => {
      seen.push(picture);
      return { picture, bytes: 1 };
    },
    match: async (a, b) => ({
      points: Float32Array.of(
        a.picture.width,
        a.picture.height,
        b.picture.width,
        b.picture.height,
        1,
      ),
      timings: { coarse: 2, fine: 3 },
    }),
    release: async () => {},
  };
}

const grey = (width: number, height: number) => ({
  width,
  height,
  channels: 3 as const,
  data: new Uint8Array(3 * width * height).fill(128),
});

test('pictures are as large as they are, or all of one size', async () => {
  const inputs = [{ bitmap: grey(30, 60), id: 'a' }, { bitmap: grey(90, 20) }] as const;
  const options = { longestSide: 60, cacheBytes: 10 };
  const seen: MatchingPicture[] = [];
  const free = pairRunner(recording(seen), { ...options, fixedShapes: false });
  const { points, timings } = await free.match(...inputs, {}, {});
  expect([...points]).toEqual([32, 64, 64, 16, 1]);
  expect(timings).toMatchObject({ coarse: 2, fine: 3 });
  await free.match(...inputs, {}, {});
  // The one with an id was looked at once.
  expect(seen).toHaveLength(3);
  free.forget('a');
  await free.match(...inputs, {}, {});
  expect(seen).toHaveLength(5);
  expect(seen[1]!.original).toEqual({ width: 90, height: 20 });

  const fixed = pairRunner(recording([]), { ...options, fixedShapes: true });
  expect([...(await fixed.match(...inputs, {}, {})).points]).toEqual([64, 64, 64, 64, 1]);
});

test('sessions that were loaded are let go when a later one fails, and at the end', async () => {
  const released: string[] = [];
  const load = async (onnx: Uint8Array) => {
    const name = String.fromCharCode(...onnx);
    if (name === 'x') throw new Error('no such graph');
    return { name, release: async () => void released.push(name) };
  };
  const graph = (name: string) => () => Uint8Array.of(name.charCodeAt(0));
  const graphs = { first: graph('a'), second: graph('x') };
  await expect(loadAll(graphs, load)).rejects.toThrow('no such graph');
  expect(released).toEqual(['a']);
  const { sessions, release } = await loadAll({ first: graph('b'), second: graph('c') }, load);
  expect(sessions.second.name).toBe('c');
  await release();
  await release();
  expect(released).toEqual(['a', 'b', 'c']);
});
