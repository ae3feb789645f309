// When a soak's figures count as level.
import { describe, expect, it } from 'vitest';
import { theilSen } from '../../bench/statistics.ts';
import { type Figures, levelling } from '../../scripts/soak-figures.ts';

const sample = (photos: number, some: Partial<Figures> = {}): Figures => ({
  photos,
  pageHeap: 1e7,
  workerHeaps: 1e7,
  wasm: 1e8,
  resident: 5e8,
  nodes: 200,
  listeners: 50,
  objectUrls: 0,
  workers: 5,
  gpuBuffers: 0,
  gpuBytes: 0,
  ...some,
});

describe('a robust slope', () => {
  it('is that of a line, whatever one of its points does', () => {
    const line = [0, 1, 2, 3, 4, 5, 6].map((x) => ({ x, y: 3 * x + 1 }));
    expect(theilSen(line)).toBeCloseTo(3, 9);
    expect(theilSen(line.with(4, { x: 4, y: 1e6 }))).toBeCloseTo(3, 0);
    expect(theilSen(line.slice(0, 2))).toBeCloseTo(3, 9);
  });
});

describe('memory', () => {
  const lots = Array.from({ length: 10 }, (_, i) => 20 * (i + 1));

  it('is level where it fills up and stays, and where one measurement is high', () => {
    const filling = lots.map((photos) =>
      sample(photos, { pageHeap: 1e7 + 1e5 * Math.min(photos, 80) }),
    );
    const high = filling.with(7, { ...filling[7]!, resident: 9e8 });
    expect(Object.values(levelling(high)).every(({ level }) => level)).toBe(true);
  });

  it('is not where each photo leaves something', () => {
    const leak = lots.map((photos) =>
      sample(photos, { objectUrls: photos, nodes: 200 + 40 * photos }),
    );
    const found = levelling(leak);
    expect(found.objectUrls).toMatchObject({ slope: 1, level: false });
    expect(found.nodes).toMatchObject({ slope: 40, level: false });
    expect(found.pageHeap.level).toBe(true);
  });

  it('is judged after few photos only where nothing has to fill first', () => {
    const few = lots
      .slice(0, 4)
      .map((photos) => sample(photos, { nodes: 60 * photos, gpuBuffers: photos }));
    const found = levelling(few);
    expect(found.nodes).toMatchObject({ slope: 60, level: null });
    expect(found.gpuBuffers).toMatchObject({ slope: 1, level: false });
    expect(found.wasm.level).toBe(true);
  });
});
