// Opening a matcher: its first run, its self-test by a drawn pair, falling back, what it keeps and forgets.
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { betweenViews, drawScene } from '../../src/imaging/drawn.ts';
import { type MatcherModel, OrtMatcher } from '../../src/inference/matcher.ts';
import {
  type MatcherGolden,
  makeMatcherGolden,
  parseMatcherGolden,
  testMatcher,
} from '../../src/inference/matcher-golden.ts';
import { nodeRuntime } from '../../src/inference/node-runtime.ts';
import type { MatchInput } from '../../src/inference/pair-runner.ts';
import type { InferenceRuntime } from '../../src/inference/session.ts';
import { CANVAS_SIDE } from '../../src/matching/presets.ts';
import type { Progress } from '../../src/progress.ts';
import { brokenGpu } from './broken-gpu.ts';
import { cosineWeights } from './matching-weights.ts';

/** The matcher of the tests finds a drawing in itself; a trained one finds another view of its scene too. */
const SELF = { seed: 7, views: [0, 0] } as const;

const weights = cosineWeights('tiny');
let golden: MatcherGolden;

/** As small as a test's pictures may be. */
function matcher(parts: {
  readonly runtime?: InferenceRuntime;
  readonly model?: Partial<MatcherModel>;
  readonly longestSide?: number;
}): OrtMatcher {
  const { runtime = nodeRuntime(), model = {}, ...rest } = parts;
  return new OrtMatcher({
    runtime,
    wish: 'auto',
    ...rest,
    load: async () => ({ spec: 'tiny', weights, ...model }) as MatcherModel,
  });
}

const small = (seed: number): MatchInput => {
  const { width, data, channels } = drawScene(seed, 0);
  const rows = data.slice(60 * width * channels, 140 * width * channels);
  return { bitmap: { width, height: 80, channels, data: rows }, id: String(seed) };
};

beforeAll(async () => {
  const plain = matcher({});
  golden = await makeMatcherGolden((a, b) => plain.match(a, b), SELF);
  await plain.dispose();
});

describe('the golden pair', () => {
  test('asks for a little less than was found', () => {
    expect(golden).toMatchObject({ pair: SELF });
    expect(golden.leastInliers).toBeGreaterThan(100);
    expect(golden.mostError).toBeGreaterThan(0.5);
    const file = new TextEncoder().encode(JSON.stringify(golden));
    expect(parseMatcherGolden(file, 'golden.json')).toEqual(golden);
  });

  test('is none where too little is found, or in the wrong place', async () => {
    const points = (shift: number, count: number) =>
      Float32Array.from({ length: 5 * count }, (_, i) => {
        const at = Math.floor(i / 5);
        const [x, y] = [16 * (at % 15) + 20, 16 * Math.floor(at / 15) + 20];
        return [x, y, x + shift, y, 1][i % 5]!;
      });
    const found = (shift: number, count: number) => async () => ({
      points: points(shift, count),
      pictures: [small(1), small(1)] as never,
      timings: { features: 0, coarse: 0, fine: 0 },
    });
    const invalid = { code: 'model-invalid' };
    await expect(makeMatcherGolden(found(0, 0), SELF)).rejects.toMatchObject(invalid);
    await expect(makeMatcherGolden(found(0, 30), SELF)).rejects.toMatchObject(invalid);
    await expect(makeMatcherGolden(found(3, 120), SELF)).rejects.toMatchObject(invalid);
    const fine = await makeMatcherGolden(found(1, 120), SELF);
    expect(fine).toEqual({ pair: SELF, leastInliers: 96, mostError: 1.5 });
    expect(await testMatcher(found(1, 100), fine)).toEqual({ inliers: 100, error: 1 });
    const failed = { code: 'inference-failed' };
    await expect(testMatcher(found(1, 90), fine)).rejects.toMatchObject(failed);
    await expect(testMatcher(found(2, 120), fine)).rejects.toMatchObject(failed);
  });

  test.each<[string, unknown]>([
    ['nothing', null],
    ['a list', []],
    ['no pair', { leastInliers: 5, mostError: 1 }],
    ['one view', { pair: { seed: 1, views: [0] }, leastInliers: 5, mostError: 1 }],
    ['half a view', { pair: { seed: 1, views: [0, 0.5] }, leastInliers: 5, mostError: 1 }],
    ['no inliers', { pair: SELF, leastInliers: 0, mostError: 1 }],
    ['no error', { pair: SELF, leastInliers: 5 }],
  ])('that is %s is refused', (_, value) => {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    expect(() => parseMatcherGolden(bytes, 'golden.json')).toThrow(
      expect.objectContaining({ code: 'model-invalid' }),
    );
  });

  test('knows where two views of a scene show the same', () => {
    const still = betweenViews(7, 2, 2);
    [...still].forEach((value, i) => {
      expect(value).toBeCloseTo(i % 4 === 0 ? 1 : 0, 9);
    });
    // The sky is each view's own; what stands on the ground is looked at along the map between views.
    const [from, to] = [drawScene(7, 1), drawScene(7, 2)];
    const between = betweenViews(7, 1, 2);
    const far = (shift: number) => {
      let [sum, count] = [0, 0];
      for (let y = 100; y < 200; y += 3) {
        for (let x = 60; x < 260; x += 3) {
          const w = between[6]! * x + between[7]! * y + between[8]!;
          const u = Math.round((between[0]! * x + between[1]! * y + between[2]!) / w) + shift;
          const v = Math.round((between[3]! * x + between[4]! * y + between[5]!) / w);
          if (u < 0 || v < 0 || u >= to.width || v >= to.height) continue;
          sum += Math.abs(from.data[3 * (y * from.width + x)]! - to.data[3 * (v * to.width + u)]!);
          count += 1;
        }
      }
      return sum / count;
    };
    expect(far(0)).toBeLessThan(0.7 * Math.min(far(6), far(-6)));
  });
});

describe('opening', () => {
  test('tests itself by the golden pair, and tells of each stage', async () => {
    const seen: Progress[] = [];
    const own = matcher({ model: { golden }, longestSide: 64 });
    const report = await own.open({ onProgress: (progress) => seen.push(progress) });
    expect(report).toMatchObject({ backend: 'wasm', fellBack: false });
    // At the drawings' own size, however small the side that pictures are shrunk to.
    expect(report.selfTest!.inliers).toBeGreaterThanOrEqual(golden.leastInliers);
    expect(report.selfTest!.error).toBeLessThanOrEqual(golden.mostError);
    expect(seen.map(({ stage }) => stage)).toEqual(['load-model', 'warm-up', 'self-test']);
    await own.dispose();
  });

  test('without a golden pair runs everything once, and tests nothing', async () => {
    const own = matcher({});
    expect((await own.open()).selfTest).toBeNull();
    await own.dispose();
  });

  test('on WASM that computes wrongly fails, and tries again when asked again', async () => {
    const asked = { ...golden, leastInliers: 5000 };
    const own = matcher({ model: { golden: asked } });
    for (let i = 0; i < 2; i++) {
      await expect(own.open()).rejects.toMatchObject({ code: 'inference-failed' });
    }
  });

  test.each<[string, (data: Float32Array) => void]>([
    ['turned round', (data) => data.reverse()],
    ['NaN', (data) => data.fill(Number.NaN)],
    ['zero', (data) => data.fill(0)],
  ])('WebGPU whose numbers are %s is left for WASM', async (_, spoil) => {
    const own = matcher({ runtime: brokenGpu(spoil), model: { golden }, longestSide: 64 });
    const report = await own.open();
    expect(report).toMatchObject({ backend: 'wasm', fellBack: true, adapter: null });
    expect(report.reason).toMatch(/given up/);
    expect(report.selfTest!.inliers).toBeGreaterThanOrEqual(golden.leastInliers);
    await own.dispose();
  });

  test('WebGPU that is right stays, with one canvas for all pictures', async () => {
    const runtime = brokenGpu(() => {});
    const own = matcher({ runtime, model: { golden }, longestSide: 64 });
    expect(await own.open()).toMatchObject({ backend: 'webgpu', fellBack: false });
    await own.dispose();
  });

  test('a first run that fails on WebGPU is left for WASM, without a golden pair too', async () => {
    const own = matcher({
      runtime: brokenGpu((data) => data.fill(Number.NaN)),
      longestSide: 64,
    });
    expect(await own.open()).toMatchObject({ backend: 'wasm', fellBack: true, selfTest: null });
    await own.dispose();
  });

  test('a side that cannot be used is the caller’s fault on every backend', async () => {
    const own = matcher({ runtime: brokenGpu(() => {}), longestSide: 9999 });
    await expect(own.open()).rejects.toMatchObject({ code: 'usage' });
  });

  test('stops when told, and can be asked again', async () => {
    const own = matcher({});
    const signal = AbortSignal.abort();
    await expect(own.open({ signal })).rejects.toMatchObject({ code: 'aborted' });
    expect((await own.open()).backend).toBe('wasm');
    await own.dispose();
  });
});

/** A runtime that notes the shapes of whatever it runs. */
function notingShapes(runtime: InferenceRuntime, shapes: Set<string>): InferenceRuntime {
  return {
    ...runtime,
    async createSession(onnx, choice) {
      const session = await runtime.createSession(onnx, choice);
      return {
        release: session.release,
        run: (inputs) => {
          const named = Object.entries(inputs).map(([name, { dims }]) => `${name} ${dims}`);
          shapes.add(named.join('; '));
          return session.run(inputs);
        },
      };
    },
  };
}

describe('the first run', () => {
  const view = async (cells: number) => {
    const plain = matcher({ longestSide: 160 });
    const kept = await plain.keepView(small(1), () =>
      Int32Array.from({ length: cells }, (_, i) => i),
    );
    await plain.dispose();
    return kept;
  };

  test.each([
    ['with a golden pair', true],
    ['without', false],
  ])('on WebGPU has run every shape of photos and views, %s', async (_, tested) => {
    const shapes = new Set<string>();
    const own = matcher({
      runtime: notingShapes(
        brokenGpu(() => {}),
        shapes,
      ),
      longestSide: 160,
      ...(tested ? { model: { golden } } : {}),
    });
    expect(await own.open()).toMatchObject({ backend: 'webgpu' });
    const before = [...shapes];
    for (const cells of [100, 3]) await own.matchView(small(2), await view(cells));
    expect([...shapes]).toEqual(before);
    await own.dispose();
  });

  test('on WASM, which compiles no shapes, spends nothing on views', async () => {
    const shapes = new Set<string>();
    const own = matcher({ runtime: notingShapes(nodeRuntime(), shapes), longestSide: 160 });
    await own.open();
    // One picture's features, and both steps of a pair.
    expect(shapes.size).toBe(3);
    await own.dispose();
  });
});

/** A runtime that notes the sizes of pictures; on WebGPU's canvas, but computed by WASM. */
function noting(runtime: InferenceRuntime, sizes: string[]): InferenceRuntime {
  return {
    ...runtime,
    async createSession(onnx, choice) {
      const session = await runtime.createSession(onnx, choice);
      return {
        release: session.release,
        run: (inputs) => {
          if (inputs.image) sizes.push(inputs.image.dims.slice(2).join(' × '));
          return session.run(inputs);
        },
      };
    },
  };
}

describe('the longest side', () => {
  test('is the model’s, and on a square canvas no more than a GPU binds', async () => {
    const onGpu: string[] = [];
    const gpu = matcher({
      runtime: noting(
        brokenGpu(() => {}),
        onGpu,
      ),
    });
    await gpu.open();
    await gpu.dispose();
    expect(new Set(onGpu)).toEqual(new Set([`${CANVAS_SIDE} × ${CANVAS_SIDE}`]));

    const sizes: string[] = [];
    const own = matcher({ runtime: noting(nodeRuntime(), sizes), model: { longestSide: 160 } });
    await own.match(small(1), small(2));
    await own.dispose();
    expect(sizes.slice(-2)).toEqual(['40 × 160', '40 × 160']);
  });
});

describe('what is kept', () => {
  test('is forgotten although it was being computed when that was asked for', async () => {
    const sizes: string[] = [];
    const own = matcher({ runtime: noting(nodeRuntime(), sizes), longestSide: 96 });
    await own.open();
    const [a, b] = [small(1), small(2)];
    const before = sizes.length;
    const matching = own.match(a, b);
    // One that waits for its turn would keep it again.
    const waiting = own.match(a, b);
    await vi.waitUntil(() => sizes.length > before);
    await own.forget('1');
    await Promise.all([matching, waiting]);
    expect(sizes).toHaveLength(before + 2);
    await own.match(a, b);
    expect(sizes).toHaveLength(before + 3);
    await own.forget();
    await own.match(a, b);
    expect(sizes).toHaveLength(before + 5);
    await own.dispose();
  });
});
